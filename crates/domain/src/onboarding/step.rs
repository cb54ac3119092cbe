//! The steps themselves: the rules that every merchant meets, and what each step says.

use super::{Facts, Need, NeededPaper, Paper, Request, Step, StepState, Topic, Who};
use crate::channel::ChannelKind;
use crate::code::Code;
use crate::legality::DocumentKind;
use crate::locale::{Bilingual, Locale};
use crate::merchant::MerchantStatus;

/// A step that every merchant has.
pub(super) struct Rule {
    topic: Topic,
    pointer: &'static str,
    need: Need,
    is_done: fn(&Facts) -> bool,
    text: Bilingual<&'static str>,
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        topic: Topic::Name,
        pointer: "/name",
        need: Need::ToSubmit,
        is_done: |_| true,
        text: Bilingual { id: "Isi nama usaha.", en: "Enter the shop's name." },
    },
    Rule {
        topic: Topic::Region,
        pointer: "/region_code",
        need: Need::ToSubmit,
        is_done: |_| true,
        text: Bilingual {
            id: "Isi kabupaten, kota, atau kecamatan.",
            en: "Enter the regency, city or district.",
        },
    },
    Rule {
        topic: Topic::Phone,
        pointer: "/phone",
        need: Need::ToSubmit,
        is_done: |_| true,
        text: Bilingual { id: "Isi nomor telepon usaha.", en: "Enter the business phone." },
    },
    Rule {
        topic: Topic::Nib,
        pointer: "/nib",
        need: Need::ToVerify,
        is_done: |facts| facts.has_nib,
        text: Bilingual { id: "Isi NIB dari OSS.", en: "Enter the NIB that OSS gave." },
    },
    Rule {
        topic: Topic::LegalName,
        pointer: "/legal_name",
        need: Need::Nothing,
        is_done: |facts| facts.has_legal_name,
        text: Bilingual { id: "Isi nama menurut dokumen.", en: "Enter the name in the papers." },
    },
    Rule {
        topic: Topic::Scale,
        pointer: "/scale",
        need: Need::Nothing,
        is_done: |facts| facts.has_scale,
        text: Bilingual {
            id: "Isi omzet atau modal agar skala usaha diketahui.",
            en: "Enter sales or capital, so that the class is known.",
        },
    },
    Rule {
        topic: Topic::Story,
        pointer: "/story",
        need: Need::Nothing,
        is_done: |facts| facts.has_story,
        text: Bilingual { id: "Ceritakan siapa pembuatnya dan caranya.", en: "Tell who makes it, and how." },
    },
    Rule {
        topic: Topic::Whatsapp,
        pointer: "/channels/whatsapp",
        need: Need::Nothing,
        is_done: |facts| facts.has_whatsapp,
        text: Bilingual { id: "Sambungkan nomor WhatsApp.", en: "Connect a WhatsApp number." },
    },
    Rule {
        topic: Topic::Consent,
        pointer: "/consents/storefront_profile",
        need: Need::Nothing,
        is_done: |facts| facts.has_consent,
        text: Bilingual {
            id: "Catat persetujuan untuk tampil di etalase.",
            en: "Record the consent to being shown on the storefront.",
        },
    },
    Rule {
        topic: Topic::Product,
        pointer: "/products",
        need: Need::Nothing,
        is_done: |facts| facts.has_product,
        text: Bilingual {
            id: "Buat satu produk dengan harga dan foto.",
            en: "Make one product with a price and a picture.",
        },
    },
];

/// The other fields of a merchant that can be changed.
pub(super) const FIELDS: &[&str] = &[
    "/translations",
    "/profile",
    "/profile/business_form",
    "/profile/kbli",
    "/profile/founded_year",
    "/profile/workers",
    "/profile/address",
    "/profile/coordinates",
    "/profile/logo_id",
    "/profile/story_consent",
];

/// A field that a reviewer may want changed. Products have a review of their own, and consent is nobody's to demand.
pub fn parse_pointer(text: &str) -> Result<String, Code> {
    let is_asked_for = |topic| !matches!(topic, Topic::Product | Topic::Consent);
    let is_known = RULES.iter().any(|rule| rule.pointer == text && is_asked_for(rule.topic))
        || FIELDS.contains(&text)
        || text.strip_prefix("/documents/").is_some_and(|kind| DocumentKind::parse(kind).is_ok())
        || text.strip_prefix("/channels/").is_some_and(|kind| ChannelKind::parse(kind).is_ok());
    if is_known { Ok(text.to_owned()) } else { Err(Code::InvalidChoice) }
}

impl Rule {
    pub(super) fn step(&self, facts: &Facts, who: Who) -> Step {
        let state = match (self.is_done)(facts) {
            true => StepState::Done,
            false if self.need == Need::Nothing => StepState::Optional,
            false => StepState::Missing,
        };
        let text = Bilingual { id: self.text.id.to_owned(), en: self.text.en.to_owned() };
        let pointer = self.pointer.to_owned();
        Step { topic: self.topic, pointer, state, who, text, reason: None, need: self.need }
    }
}

impl NeededPaper {
    pub(super) fn step(&self, who: Who) -> Step {
        let ask = [
            "Ajukan {} dengan buktinya: produknya memerlukannya.",
            "Submit the {} with evidence: its products need it.",
        ];
        let (state, who, [id, en]) = match self.paper {
            Paper::Missing => (StepState::Missing, who, ask),
            Paper::Rejected => (
                StepState::Missing,
                who,
                [
                    "Perbaiki dan ajukan lagi {}: buktinya ditolak.",
                    "Correct and submit the {} again: it was refused.",
                ],
            ),
            Paper::Over => (
                StepState::Missing,
                who,
                ["Perbarui {}: sudah tidak berlaku.", "Renew the {}: it is no longer in force."],
            ),
            Paper::Submitted => {
                (StepState::Waiting, Who::MerchantManager, ["Verifikasi {}.", "Verify the {}."])
            }
            Paper::Verified => (StepState::Done, who, ask),
        };
        Step {
            topic: Topic::Document,
            pointer: format!("/documents/{}", self.kind),
            state,
            who,
            text: Bilingual {
                id: id.replace("{}", &self.name(Locale::Id)),
                en: en.replace("{}", &self.name(Locale::En)),
            },
            reason: self.note.clone().filter(|_| state == StepState::Missing),
            need: if self.kind == DocumentKind::Nib { Need::ToVerify } else { Need::ToPublish },
        }
    }

    /// Such as "P-IRT or BPOM number".
    fn name(&self, locale: Locale) -> String {
        let or = Bilingual { id: "atau", en: "or" }.get(locale);
        let prefix = self.number_prefix.as_ref().map_or(String::new(), |prefix| format!(" {prefix}"));
        let instead = self.instead.map_or(String::new(), |kind| format!(" {or} {}", kind.name(locale)));
        format!("{}{prefix}{instead}", self.kind.name(locale))
    }
}

impl Request {
    pub(super) fn step(&self, who: Who) -> Step {
        let text = Bilingual {
            id: "Ubah seperti yang diminta peninjau.".to_owned(),
            en: "Change it as the reviewer asked.".to_owned(),
        };
        Step {
            topic: Topic::Request,
            pointer: self.pointer.clone(),
            state: StepState::Missing,
            who,
            text,
            reason: Some(self.reason.clone()),
            need: Need::ToSubmit,
        }
    }
}

impl Step {
    /// A reviewer asked for it: it counts as missing until it changes.
    pub(super) fn ask(&mut self, reason: &str, who: Who) {
        *self = Step {
            state: StepState::Missing,
            who,
            reason: Some(reason.to_owned()),
            need: Need::ToSubmit,
            ..self.clone()
        };
    }
}

pub(super) fn hero_step(facts: &Facts) -> Step {
    Step {
        topic: Topic::Hero,
        pointer: "/heroes".to_owned(),
        state: if facts.has_hero { StepState::Done } else { StepState::Optional },
        who: Who::MerchantManager,
        text: Bilingual { id: "Tugaskan pahlawan lokal.".to_owned(), en: "Assign a local hero.".to_owned() },
        reason: None,
        need: Need::Nothing,
    }
}

pub(super) fn submission_step(facts: &Facts, who: Who) -> Step {
    let is_open = matches!(facts.status, MerchantStatus::Draft | MerchantStatus::NeedsChanges);
    Step {
        topic: Topic::Submission,
        pointer: "/status".to_owned(),
        state: if is_open { StepState::Missing } else { StepState::Done },
        who,
        text: Bilingual { id: "Ajukan verifikasi.".to_owned(), en: "Submit it for verification.".to_owned() },
        reason: None,
        need: Need::ToSubmit,
    }
}

pub(super) fn verification_step(facts: &Facts) -> Step {
    let state = match facts.status {
        MerchantStatus::Draft | MerchantStatus::NeedsChanges => StepState::Missing,
        MerchantStatus::Submitted => StepState::Waiting,
        MerchantStatus::Active | MerchantStatus::Suspended | MerchantStatus::Archived => StepState::Done,
    };
    Step {
        topic: Topic::Verification,
        pointer: "/status".to_owned(),
        state,
        who: Who::MerchantManager,
        text: Bilingual { id: "Verifikasi pelaku usaha.".to_owned(), en: "Verify the merchant.".to_owned() },
        reason: None,
        need: Need::ToVerify,
    }
}
