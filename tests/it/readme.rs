//! The README's main job, run as it stands.

use std::path::{Path, PathBuf};
use std::process::Command;

use kapal_tests::{Client, World, text, unique};
use serde_json::{Value, json};

/// The password of the demonstration's accounts.
const PASSWORD: &str = "kapal-demo-2026";

/// The text of all shell blocks, which are one script.
fn script(readme: &str) -> String {
    let blocks = readme.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn readme() -> String {
    std::fs::read_to_string(root().join("README.md")).expect("the README")
}

/// Accepts the invitation mailed to an address, as in the demonstration, and logs in.
async fn join(world: &World, email: &str) -> Client {
    let token = world.mailed(email, "/invitations/").await;
    let accept = json!({ "name": "Ani Uji", "password": PASSWORD });
    let accepted = world.visitor.post(&format!("/v1/invitations/{token}/accept"), accept).await;
    assert!(accepted.status < 300, "{accepted}");
    let login = json!({ "email": email, "password": PASSWORD });
    let tokens: Value = world.visitor.post("/v1/auth/login", login).await.json(200);
    world.visitor.with_token(&text(&tokens["access_token"]))
}

#[tokio::test]
async fn its_main_job_runs_from_login_to_whatsapp() {
    let world = World::new().await;
    let slug = format!("koperasi-{}", unique());
    let email = |name: &str| format!("{name}@{slug}.demo.kapal.test");
    let new = json!({ "slug": slug, "name": "Koperasi Toraja", "owner_email": email("owner") });
    let made = world.operator.post("/v1/platform/aggregators", new).await.json(201);
    let activate = format!("/v1/platform/aggregators/{}/activate", text(&made["id"]));
    let _ = world.operator.step(&activate).await.expect(200);
    let owner = join(&world, &email("owner")).await;
    for (name, role) in [("manager", "merchant_manager"), ("curator", "curator"), ("curator2", "curator")] {
        let invitation = json!({ "email": email(name), "role": role });
        let path = format!("/v1/aggregators/{slug}/invitations");
        let _ = owner.post(&path, invitation).await.expect(201);
        let _ = join(&world, &email(name)).await;
    }

    let mut bash = Command::new("bash");
    bash.args(["-euo", "pipefail", "-c", &script(&readme())])
        .current_dir(root())
        .env("KAPAL", world.visitor.address())
        .env("STORE", &slug)
        .env_remove("PHOTO");
    let output = tokio::task::spawn_blocking(move || bash.output()).await.expect("a task").expect("bash");
    let (said, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{complained}");
    let lines: Vec<_> = said.lines().collect();
    let [active, pirt, halal, published, accepted, name, heading, link] = lines[..] else {
        panic!("{said}\n{complained}")
    };
    assert_eq!(
        [active, pirt, halal, published, accepted],
        ["active", "verified", "verified", "published", "accepted"]
    );
    assert_eq!((name, heading), ("Kopi Arabika Sesean", "<h1 lang=\"id\">Kopi Arabika Sesean"));
    assert!(link.starts_with("https://wa.me/6281200001234?text="), "{link}");
}

#[test]
fn its_store_is_one_of_the_demonstration() {
    let readme = readme();
    let rest = readme.split_once("STORE=${STORE:-").expect("a store").1;
    let store = rest.split('}').next().expect("a store");
    let all =
        std::fs::read_to_string(root().join("crates/server/data/agregator.csv")).expect("the demonstration");
    let row = all.lines().find(|line| line.starts_with(&format!("{store},")));
    assert!(row.is_some_and(|row| row.contains(",active,")), "{store}: {row:?}");
}
