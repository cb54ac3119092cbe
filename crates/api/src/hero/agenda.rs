//! `/v1/aggregators/{aggregator}/heroes/me/agenda`: a hero's day.

use actix_web::{HttpRequest, get};
use chrono::NaiveDate;
use kapal_domain::Code;
use kapal_domain::hero::AgendaKind;
use kapal_domain::locale::Locale;
use kapal_domain::permission::{MentoringRead, Role};
use kapal_persistence::{Agenda, AgendaItem, Task};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::answer::{Answered, Found, InLanguage};
use crate::category::NoParameters;
use crate::envelope::locale;
use crate::onboarding::StepView;
use crate::query::Query;
use crate::{Problem, Staff};

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(get_agenda);
}

/// A hero's day.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Agenda)]
pub struct AgendaView {
    /// The day that it is for.
    #[schema(example = "2026-11-24")]
    today: NaiveDate,
    /// What is most urgent first: by day, what has none last.
    #[schema(max_items = 800)]
    items: Vec<AgendaItemView>,
    /// Whether there is more of some kind than stands here.
    #[schema(example = false)]
    has_more: bool,
}

/// Something that waits for the hero.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AgendaItem)]
pub struct AgendaItemView {
    /// `visit_due`, `document_expiring`, `action_item` or `onboarding`.
    #[schema(example = "action_item", max_length = 30)]
    kind: &'static str,
    /// What to do: an action item's own words, else a sentence in the asked language.
    #[schema(example = "Foto ulang produk di luar ruangan.", max_length = 500)]
    text: String,
    /// The last good day for it; null: as soon as may be.
    #[schema(example = "2026-11-26")]
    due_on: Option<NaiveDate>,
    /// Whether that day is over.
    #[schema(example = false)]
    late: bool,
    /// The merchant.
    merchant: AgendaMerchantView,
    /// The last visit, the document, the action item or the merchant; with a first visit the merchant too.
    id: Uuid,
    /// Which document, such as `halal`; null with the other kinds.
    #[schema(example = json!(null), max_length = 20)]
    document: Option<&'static str>,
    /// Who must act on an action item: `merchant`, `hero` or `staff`; null with the other kinds.
    #[schema(example = "merchant", max_length = 20)]
    owner: Option<String>,
    /// What the merchant and its hero have to bring before it is submitted; empty with the other kinds.
    #[schema(max_items = 60)]
    missing: Vec<StepView>,
}

/// The merchant of an item.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AgendaMerchant)]
pub struct AgendaMerchantView {
    /// Id.
    id: Uuid,
    /// Shop name.
    #[schema(example = "Tenun Mama Ina", max_length = 120)]
    name: String,
    /// Business phone, E.164.
    #[schema(example = "+6281234567890", max_length = 16)]
    phone: String,
}

impl AgendaView {
    fn new(agenda: Agenda, locale: Locale) -> Self {
        let Agenda { today, items, has_more } = agenda;
        let items = items.into_iter().map(|item| AgendaItemView::new(item, today, locale)).collect();
        Self { today, items, has_more }
    }
}

impl AgendaItemView {
    fn new(item: AgendaItem, today: NaiveDate, locale: Locale) -> Self {
        let late = item.due_on.is_some_and(|day| day < today);
        let say = |id: &str, en: &str| match locale {
            Locale::Id => id.to_owned(),
            Locale::En => en.to_owned(),
        };
        let mut view = Self {
            kind: AgendaKind::VisitDue.as_str(),
            text: String::new(),
            due_on: item.due_on,
            late,
            merchant: AgendaMerchantView {
                id: item.merchant_id,
                name: item.merchant_name,
                phone: item.merchant_phone,
            },
            id: item.id,
            document: None,
            owner: None,
            missing: Vec::new(),
        };
        match item.task {
            Task::FirstVisit => view.text = say("Lakukan kunjungan pertama.", "Make the first visit."),
            Task::Visit => {
                view.text = say("Kunjungi lagi seperti yang disepakati.", "Visit again, as agreed.");
            }
            Task::Document(document) => {
                let name = document.name(locale);
                view.kind = AgendaKind::DocumentExpiring.as_str();
                view.document = Some(document.as_str());
                view.text = if late {
                    say(
                        &format!("Perbarui {name}: masa berlakunya sudah habis."),
                        &format!("Renew the {name}: it has expired."),
                    )
                } else {
                    say(
                        &format!("Perbarui {name} sebelum masa berlakunya habis."),
                        &format!("Renew the {name} before it expires."),
                    )
                };
            }
            Task::ActionItem { text, owner } => {
                view.kind = AgendaKind::ActionItem.as_str();
                (view.text, view.owner) = (text, Some(owner));
            }
            Task::Onboarding { sent_back, missing } => {
                view.kind = AgendaKind::Onboarding.as_str();
                view.missing = missing.into_iter().map(|step| StepView::new(step, locale)).collect();
                view.text = if sent_back {
                    say(
                        "Perbaiki yang diminta peninjau, lalu ajukan lagi.",
                        "Correct what the reviewer asked for, then submit again.",
                    )
                } else {
                    say(
                        "Lengkapi datanya, lalu ajukan verifikasi.",
                        "Complete it, then submit it for verification.",
                    )
                };
            }
        }
        view
    }
}

/// Read a hero's agenda
///
/// What waits for the hero who asks, over all his merchants: visits that are due within 7 days, documents that expire
/// within 90 or did in the last 90, open action items that are late or due within 7, and merchants in draft or sent back
/// with what the merchant or the hero has to bring. A merchant that nobody has visited yet is due two weeks after the
/// hero's first day with it. One call, meant for the morning before there is no network.
#[utoipa::path(tag = "mentoring", responses((status = 200, description = "The agenda.", body = AgendaView), (status = 404, description = "Only a local hero has one.")), security(("bearer" = ["mentoring:read"])))]
#[get("/v1/aggregators/{aggregator}/heroes/me/agenda")]
pub async fn get_agenda(
    staff: Staff<MentoringRead>,
    request: HttpRequest,
    _: Query<NoParameters>,
) -> Answered {
    if staff.membership.role != Role::LocalHero {
        return Err(Problem::because(Code::NotFound, "Only a local hero has an agenda."));
    }
    let locale = locale(&request);
    staff
        .run(async |tx| Ok(InLanguage(locale, Found(None, AgendaView::new(tx.agenda().await?, locale)))))
        .await
}
