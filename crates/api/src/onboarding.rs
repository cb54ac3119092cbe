//! `/v1/aggregators/{aggregator}/merchants/{merchant_id}/onboarding`: the way to verification as a checklist.

use actix_web::{HttpRequest, get};
use kapal_domain::ids::MerchantId;
use kapal_domain::locale::Locale;
use kapal_domain::merchant::MerchantStatus;
use kapal_domain::onboarding::{Checklist, Step};
use kapal_domain::permission::MerchantsRead;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::Staff;
use crate::answer::{Answered, Found, InLanguage};
use crate::category::NoParameters;
use crate::envelope::locale;
use crate::path::At;
use crate::query::Query;

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(get_onboarding);
}

/// How far a merchant's onboarding is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Onboarding)]
pub struct OnboardingView {
    /// The merchant's state.
    #[schema(example = "needs_changes", max_length = 20)]
    status: &'static str,
    /// The steps, in the order in which they are best taken.
    #[schema(max_items = 60)]
    steps: Vec<StepView>,
    /// How many steps that are not optional are done.
    progress: ProgressView,
    /// Whether it may be submitted as it is.
    #[schema(example = true)]
    can_submit: bool,
    /// Whether it has all that verification needs.
    #[schema(example = false)]
    can_verify: bool,
}

/// A step of the onboarding.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OnboardingStep)]
pub struct StepView {
    /// What it is about, such as `nib`, `document`, `request`, `submission` or `verification`.
    #[schema(example = "nib", max_length = 20)]
    step: &'static str,
    /// The field, as a JSON pointer into the merchant or what belongs to it.
    #[schema(example = "/nib", max_length = 60)]
    pointer: String,
    /// `done`, `missing`, `waiting` (for the reviewer) or `optional`.
    #[schema(example = "missing", max_length = 10)]
    state: &'static str,
    /// Who must act: `merchant`, `hero` or `merchant_manager`.
    #[schema(example = "merchant", max_length = 20)]
    who: &'static str,
    /// What to do, in the asked language.
    #[schema(example = "Isi NIB dari OSS.", max_length = 300)]
    text: String,
    /// What the reviewer said about this field.
    #[schema(example = "Foto NIB belum terbaca.", max_length = 500)]
    reason: Option<String>,
}

/// Done of all.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OnboardingProgress)]
pub struct ProgressView {
    /// Steps that are done.
    #[schema(example = 4, minimum = 0)]
    done: usize,
    /// Steps that are not optional.
    #[schema(example = 6, minimum = 0)]
    total: usize,
}

impl StepView {
    /// A step in one language.
    pub(crate) fn new(step: Step, locale: Locale) -> Self {
        Self {
            step: step.topic.as_str(),
            state: step.state.as_str(),
            who: step.who.as_str(),
            text: step.text.get(locale).clone(),
            pointer: step.pointer,
            reason: step.reason,
        }
    }
}

impl OnboardingView {
    fn new(status: MerchantStatus, list: Checklist, locale: Locale) -> Self {
        let (done, total) = list.progress();
        Self {
            status: status.as_str(),
            progress: ProgressView { done, total },
            can_submit: list.check_submit().is_ok(),
            can_verify: list.check_verify().is_ok(),
            steps: list.steps.into_iter().map(|step| StepView::new(step, locale)).collect(),
        }
    }
}

/// Read a merchant's onboarding
///
/// What is done, what is missing and who must act, for the merchant, its hero and the staff alike. A field that a
/// reviewer asked for is missing until it changes; the other missing steps tell what verification or the publication
/// of products waits for.
#[utoipa::path(tag = "merchants", responses((status = 200, description = "The checklist.", body = OnboardingView)), security(("bearer" = ["merchants:read"])))]
#[get("/v1/aggregators/{aggregator}/merchants/{merchant_id}/onboarding")]
pub async fn get_onboarding(
    staff: Staff<MerchantsRead>,
    request: HttpRequest,
    At(merchant): At<MerchantId>,
    _: Query<NoParameters>,
) -> Answered {
    let locale = locale(&request);
    staff
        .run(async |tx| {
            let (status, list) = tx.onboarding(merchant).await?;
            Ok(InLanguage(locale, Found(None, OnboardingView::new(status, list, locale))))
        })
        .await
}
