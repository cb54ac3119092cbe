//! `/v1/aggregators/{aggregator}/nominations`: the way of a product to mutiara.

mod body;
mod list;
mod view;

use actix_web::{get, post, put};
use kapal_domain::ids::NominationId;
use kapal_domain::nomination::NominationSource;
use kapal_domain::permission::{CurationDecide, CurationNominate, CurationScore, Demand, Permission, Role};
use kapal_persistence::{NewNomination, Nomination};
use utoipa_actix_web::service_config::ServiceConfig;

use self::body::{DecisionBody, NominationCreate, NominationReason, Proposal, ScoreBody};
use self::view::{NominationView, Reader};
use crate::answer::{Answered, Created, Found, Put};
use crate::json::Json;
use crate::path::At;
use crate::{Problem, Staff};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(create_nomination)
        .service(list::list_nominations)
        .service(get_nomination)
        .service(score_nomination)
        .service(decide_nomination)
        .service(withdraw_nomination)
        .service(appeal_nomination)
        .service(revoke_nomination);
}

/// Nominate a product
///
/// Proposes a published product as mutiara. A product has one running nomination at a time. Heroes nominate products of
/// the merchants assigned to them, merchants their own.
#[utoipa::path(tag = "curation", request_body = NominationCreate, responses((status = 201, description = "The nomination.", body = NominationView)), security(("bearer" = ["curation:nominate"])))]
#[post("/v1/aggregators/{aggregator}/nominations")]
pub async fn create_nomination(staff: Staff<CurationNominate>, body: Json<NominationCreate>) -> Answered {
    let Proposal { product, reason, evidence } = body.0.parse()?;
    let source = match staff.membership.role {
        Role::LocalHero => NominationSource::Hero,
        Role::Merchant => NominationSource::Merchant,
        _ => NominationSource::Staff,
    };
    staff
        .run(async |tx| {
            let new = NewNomination { product, reason: &reason, source, evidence: &evidence };
            let nomination = tx.insert_nomination(&new).await?;
            let files = tx.nomination_evidence(&nomination).await?;
            let view = NominationView::new(Reader::of(&staff), nomination)?.with_evidence(&staff, files);
            Ok(created(&staff, view))
        })
        .await
}

/// Read a nomination
///
/// One nomination, with what was shown for it, as much of its scores as is not blind for you, the gates that the product has to pass, and those
/// of the public who asked for it.
#[utoipa::path(tag = "curation", responses((status = 200, description = "The nomination.", body = NominationView)), security(("bearer" = ["curation:nominate"])))]
#[get("/v1/aggregators/{aggregator}/nominations/{nomination_id}")]
pub async fn get_nomination(staff: Staff<CurationNominate>, At(id): At<NominationId>) -> Answered {
    staff
        .run(async |tx| {
            let nomination = tx.nomination(id).await?;
            let supporters = tx.supporters(&nomination).await?;
            let files = tx.nomination_evidence(&nomination).await?;
            let view = NominationView::new(Reader::of(&staff), nomination)?
                .with_supporters(Reader::of(&staff), supporters)
                .with_evidence(&staff, files);
            Ok(Found(Some(view.version), view))
        })
        .await
}

/// Score a nomination
///
/// One's own points on every criterion of the rubric; they may be replaced until it is decided, and what they were is
/// kept. The first score of all starts the review and settles the version of the rubric. The product must have passed
/// every gate. Who nominated the product, or mentors or owns its merchant, or did, never scores it.
#[utoipa::path(
    tag = "curation", request_body = ScoreBody,
    responses(
        (status = 201, description = "Scored: the nomination, with what others gave.", body = NominationView),
        (status = 200, description = "Your scores are replaced, or were the same.", body = NominationView),
    ),
    security(("bearer" = ["curation:score"])), extensions(("x-unversioned" = json!(true))),
)]
#[put("/v1/aggregators/{aggregator}/nominations/{nomination_id}/scores")]
pub async fn score_nomination(
    staff: Staff<CurationScore>,
    At(id): At<NominationId>,
    body: Json<ScoreBody>,
) -> Answered {
    staff
        .run(async |tx| {
            let rubric = tx.rubric_of(id).await;
            if rubric.is_err() {
                body.0.check()?;
            }
            let new = body.0.parse(&rubric?.rubric)?;
            let (nomination, is_first) = tx.score_nomination(id, &new).await?;
            let view = NominationView::new(Reader::of(&staff), nomination)?;
            Ok(match is_first {
                true => Put::Made(created(&staff, view)),
                false => Put::Kept(Found(Some(view.version), view)),
            })
        })
        .await
}

/// Decide a nomination
///
/// Needs the scores of as many reviewers as the rubric asks for, and one more where they are too far apart; after an
/// appeal, of one at least who did not score before. `accept` needs an average that reaches what the rubric says, no
/// criterion below 3 points, every gate passed, and a product that is still published: it is mutiara from then on, for
/// twelve months or until a document of its category's gates ends. `decline` names at least one action that would help.
/// Actions become the merchant's action items, which its hero sees too.
#[utoipa::path(tag = "curation", request_body = DecisionBody, responses((status = 200, description = "The nomination, decided.", body = NominationView)), security(("bearer" = ["curation:decide"])))]
#[post("/v1/aggregators/{aggregator}/nominations/{nomination_id}/decide")]
pub async fn decide_nomination(
    staff: Staff<CurationDecide>,
    At(id): At<NominationId>,
    body: Json<DecisionBody>,
) -> Answered {
    let new = body.0.parse()?;
    staff.run(async |tx| found(&staff, tx.decide_nomination(id, &new).await?)).await
}

/// Withdraw a nomination
///
/// Takes it back before it is decided: who nominated may, and who may decide.
#[utoipa::path(tag = "curation", responses((status = 200, description = "The nomination, withdrawn.", body = NominationView)), security(("bearer" = ["curation:nominate"])))]
#[post("/v1/aggregators/{aggregator}/nominations/{nomination_id}/withdraw")]
pub async fn withdraw_nomination(staff: Staff<CurationNominate>, At(id): At<NominationId>) -> Answered {
    let may_decide = staff.may(Permission::CurationDecide);
    staff.run(async |tx| found(&staff, tx.withdraw_nomination(id, may_decide).await?)).await
}

/// Appeal against a refusal
///
/// Asks for a second review, once: who nominated may, the merchant, and its hero. The first round is kept beside the
/// second, which begins without scores and with the rubric that holds by then.
#[utoipa::path(tag = "curation", request_body = NominationReason, responses((status = 200, description = "The nomination, appealed.", body = NominationView)), security(("bearer" = ["curation:nominate"])))]
#[post("/v1/aggregators/{aggregator}/nominations/{nomination_id}/appeal")]
pub async fn appeal_nomination(
    staff: Staff<CurationNominate>,
    At(id): At<NominationId>,
    body: Json<NominationReason>,
) -> Answered {
    let reason = body.0.parse()?;
    staff.run(async |tx| found(&staff, tx.appeal_nomination(id, &reason).await?)).await
}

/// Take mutiara away
///
/// Ends an accepted nomination before its time; the product stays published. It can be nominated again.
#[utoipa::path(tag = "curation", request_body = NominationReason, responses((status = 200, description = "The nomination, revoked.", body = NominationView)), security(("bearer" = ["curation:decide"])))]
#[post("/v1/aggregators/{aggregator}/nominations/{nomination_id}/revoke")]
pub async fn revoke_nomination(
    staff: Staff<CurationDecide>,
    At(id): At<NominationId>,
    body: Json<NominationReason>,
) -> Answered {
    let reason = body.0.parse()?;
    staff.run(async |tx| found(&staff, tx.revoke_nomination(id, &reason).await?)).await
}

fn created<P: Demand>(staff: &Staff<P>, thing: NominationView) -> Created<NominationView> {
    let location = staff.path(format_args!("nominations/{}", thing.id));
    Created { location, version: Some(thing.version), thing }
}

fn found<P: Demand>(staff: &Staff<P>, nomination: Nomination) -> Result<Found<NominationView>, Problem> {
    let view = NominationView::new(Reader::of(staff), nomination)?;
    Ok(Found(Some(view.version), view))
}
