//! An aggregator as its owner and the operator change it.

use kapal_tests::{World, all_at_once};
use serde_json::json;

#[tokio::test]
async fn edits_of_the_aggregator_and_other_writes_never_wait_for_each_other_in_a_circle() {
    let world = World::new().await;
    let aggregator = world.aggregator().await;
    let platform = format!("/v1/platform/aggregators/{}", aggregator.id);
    let writes = (0..24).map(|n| {
        let merchant =
            json!({ "name": format!("Warung {n}"), "region_code": "31.71", "phone": "081234567890" });
        aggregator.owner.post(&aggregator.path("merchants"), merchant)
    });
    let edits = (0..12).map(|n| {
        let settings = json!({ "national": n % 2 == 0, "primary_colour": "#123456" });
        aggregator.owner.put(&aggregator.path("settings"), settings).of(&json!(2))
    });
    let switches = async {
        for step in ["suspend", "activate", "suspend", "activate"] {
            let _ = world.operator.step(&format!("{platform}/{step}")).await.expect(200);
        }
    };
    let (replies, ()) = tokio::join!(all_at_once(writes.chain(edits)), switches);
    for reply in replies {
        assert!(matches!(reply.status, 200 | 201 | 403 | 412), "{reply}");
    }
}
