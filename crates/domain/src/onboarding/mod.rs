//! The way of a merchant from draft to verified as a checklist: what is done, what is missing, who must act. A pure
//! function of facts; the rules are rows of a table.

mod step;

use crate::code::{Code, Refusal};
use crate::legality::DocumentKind;
use crate::locale::Bilingual;
use crate::merchant::MerchantStatus;
use crate::text::{Prose, choices};

pub use step::parse_pointer;
use step::{RULES, hero_step, submission_step, verification_step};

/// Why a reviewer wants a field changed.
pub type RequestReason = Prose<1, 500>;

/// Requests of one review at most.
pub const MAX_REQUESTS: usize = 20;

choices! {
    /// What a step of the checklist is about.
    pub enum Topic {
        /// Shop name.
        Name = "name",
        /// Regency, city or district.
        Region = "region",
        /// Business phone.
        Phone = "phone",
        /// Business identity number.
        Nib = "nib",
        /// Name in the papers.
        LegalName = "legal_name",
        /// UMKM class.
        Scale = "scale",
        /// The maker's story.
        Story = "story",
        /// Where buyers write.
        Whatsapp = "whatsapp",
        /// The consent to being shown.
        Consent = "consent",
        /// A permit or certificate.
        Document = "document",
        /// A product that is complete.
        Product = "product",
        /// Somebody who mentors.
        Hero = "hero",
        /// What a reviewer asked for besides.
        Request = "request",
        /// Asking for verification.
        Submission = "submission",
        /// Being verified.
        Verification = "verification",
    }
}

choices! {
    /// Where a step stands.
    pub enum StepState {
        /// Nothing to do.
        Done = "done",
        /// Somebody must act.
        Missing = "missing",
        /// It is with the reviewer.
        Waiting = "waiting",
        /// It would help, and nothing waits for it.
        Optional = "optional",
    }
}

choices! {
    /// Who must act.
    pub enum Who {
        /// The merchant's own account.
        Merchant = "merchant",
        /// The hero who mentors it.
        Hero = "hero",
        /// The aggregator's merchant managers.
        MerchantManager = "merchant_manager",
    }
}

/// What the papers of a kind come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paper {
    /// None, or not handed in.
    Missing,
    /// Handed in, and refused.
    Rejected,
    /// It was good once: its last day is over, or it was revoked.
    Over,
    /// Handed in, to be verified.
    Submitted,
    /// Verified and in force.
    Verified,
}

/// A document that the categories of the merchant's products ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeededPaper {
    /// Which.
    pub kind: DocumentKind,
    /// Another kind that serves as well.
    pub instead: Option<DocumentKind>,
    /// How its number begins, where one kind has several uses.
    pub number_prefix: Option<String>,
    /// How far it is.
    pub paper: Paper,
    /// What the verifier said of it.
    pub note: Option<String>,
}

/// A field that a reviewer wants changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The field.
    pub pointer: String,
    /// Why.
    pub reason: String,
}

/// What is known of a merchant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Its state.
    pub status: MerchantStatus,
    /// Whether there is a NIB.
    pub has_nib: bool,
    /// Whether there is a name in the papers.
    pub has_legal_name: bool,
    /// Whether the class is known.
    pub has_scale: bool,
    /// Whether there is a story.
    pub has_story: bool,
    /// Whether buyers are sent to a WhatsApp number.
    pub has_whatsapp: bool,
    /// Whether somebody agreed to the merchant being shown, and still does.
    pub has_consent: bool,
    /// Whether there is a product with price and picture.
    pub has_product: bool,
    /// Whether somebody has joined as the merchant itself.
    pub has_account: bool,
    /// Whether a hero mentors it.
    pub has_hero: bool,
    /// What its products need.
    pub papers: Vec<NeededPaper>,
    /// What the reviewer asked for and has not changed yet.
    pub requests: Vec<Request>,
}

/// One step of the checklist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What it is about.
    pub topic: Topic,
    /// The field, as a JSON pointer into the merchant or what belongs to it.
    pub pointer: String,
    /// Where it stands.
    pub state: StepState,
    /// Who must act.
    pub who: Who,
    /// What to do, in words.
    pub text: Bilingual<String>,
    /// What the reviewer or verifier said.
    pub reason: Option<String>,
    need: Need,
}

/// The checklist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checklist {
    /// The steps in the order in which they are best taken.
    pub steps: Vec<Step>,
}

/// What waits for a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    /// Nothing is submitted without it.
    ToSubmit,
    /// Nobody is verified without it: no goods are shown without the producer's NIB (Permendag 31/2023, article 33).
    ToVerify,
    /// Some products are not published without it.
    ToPublish,
    /// Nothing.
    Nothing,
}

impl Checklist {
    /// What is done and what is missing.
    pub fn of(facts: &Facts) -> Self {
        let who = match facts {
            Facts { has_account: true, .. } => Who::Merchant,
            Facts { has_hero: true, .. } => Who::Hero,
            _ => Who::MerchantManager,
        };
        let mut steps: Vec<_> = RULES.iter().map(|rule| rule.step(facts, who)).collect();
        steps.extend(facts.papers.iter().map(|paper| paper.step(who)));
        for request in &facts.requests {
            match steps.iter_mut().find(|step| step.pointer == request.pointer) {
                Some(step) => step.ask(&request.reason, who),
                None => steps.push(request.step(who)),
            }
        }
        steps.push(hero_step(facts));
        steps.push(submission_step(facts, who));
        steps.push(verification_step(facts));
        Self { steps }
    }

    /// Steps that are done, and all that have to be.
    pub fn progress(&self) -> (usize, usize) {
        let needed = || self.steps.iter().filter(|step| step.need != Need::Nothing);
        (needed().filter(|step| step.state == StepState::Done).count(), needed().count())
    }

    /// What keeps the merchant from being submitted: what every merchant needs, and what the reviewer asked for.
    pub fn check_submit(&self) -> Result<(), Refusal> {
        self.check(|step| step.need == Need::ToSubmit && step.topic != Topic::Submission)
    }

    /// What keeps it from being verified.
    pub fn check_verify(&self) -> Result<(), Refusal> {
        self.check(|step| step.need == Need::ToVerify && step.topic != Topic::Verification)
    }

    fn check(&self, counts: impl Fn(&Step) -> bool) -> Result<(), Refusal> {
        let missing = self.steps.iter().filter(|step| counts(step) && step.state == StepState::Missing);
        let missing: Vec<_> = missing.map(|step| step.pointer.as_str()).collect();
        if missing.is_empty() {
            Ok(())
        } else {
            let list = missing.join(", ");
            let detail = Bilingual { id: format!("Belum ada {list}."), en: format!("It lacks {list}.") };
            Err(Refusal::explained(Code::MerchantIncomplete, detail))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::step::FIELDS;
    use super::*;
    use crate::channel::ChannelKind;
    use proptest::prelude::*;

    fn bare(status: MerchantStatus) -> Facts {
        Facts {
            status,
            has_nib: false,
            has_legal_name: false,
            has_scale: false,
            has_story: false,
            has_whatsapp: false,
            has_consent: false,
            has_product: false,
            has_account: false,
            has_hero: false,
            papers: Vec::new(),
            requests: Vec::new(),
        }
    }

    fn request(pointer: &str) -> Request {
        Request { pointer: pointer.to_owned(), reason: "Belum terbaca.".to_owned() }
    }

    fn at<'a>(list: &'a Checklist, pointer: &str) -> &'a Step {
        list.steps.iter().find(|step| step.pointer == pointer).expect(pointer)
    }

    #[test]
    fn a_draft_is_submitted_without_a_nib_but_not_verified() {
        let list = Checklist::of(&bare(MerchantStatus::Draft));
        assert_eq!(list.check_submit(), Ok(()));
        let refused = list.check_verify().expect_err("refused");
        assert_eq!(refused.detail.expect("a detail").en, "It lacks /nib.");
        assert_eq!(at(&list, "/nib").state, StepState::Missing);
        assert_eq!(at(&list, "/story").state, StepState::Optional);
        assert_eq!(list.progress(), (3, 6));
    }

    #[test]
    fn what_the_reviewer_asked_for_is_missing_until_it_changes() {
        let mut facts = Facts { has_nib: true, ..bare(MerchantStatus::NeedsChanges) };
        facts.requests = vec![request("/nib"), request("/documents/halal")];
        let list = Checklist::of(&facts);
        let refused = list.check_submit().expect_err("refused");
        assert_eq!(refused.detail.expect("a detail").en, "It lacks /nib, /documents/halal.");
        assert_eq!(at(&list, "/nib").reason.as_deref(), Some("Belum terbaca."));
        facts.requests.clear();
        assert_eq!(Checklist::of(&facts).check_submit(), Ok(()));
    }

    #[test]
    fn who_acts_is_the_merchant_then_its_hero_then_the_staff() {
        let mut facts = bare(MerchantStatus::Draft);
        for (account, hero, who) in [
            (true, true, Who::Merchant),
            (true, false, Who::Merchant),
            (false, true, Who::Hero),
            (false, false, Who::MerchantManager),
        ] {
            (facts.has_account, facts.has_hero) = (account, hero);
            assert_eq!(at(&Checklist::of(&facts), "/nib").who, who);
        }
    }

    fn paper(paper: Paper) -> NeededPaper {
        NeededPaper { kind: DocumentKind::Halal, instead: None, number_prefix: None, paper, note: None }
    }

    #[test]
    fn a_paper_that_was_handed_in_waits_for_the_staff() {
        for (state, expected, who) in [
            (Paper::Missing, StepState::Missing, Who::Merchant),
            (Paper::Rejected, StepState::Missing, Who::Merchant),
            (Paper::Over, StepState::Missing, Who::Merchant),
            (Paper::Submitted, StepState::Waiting, Who::MerchantManager),
            (Paper::Verified, StepState::Done, Who::Merchant),
        ] {
            let facts =
                Facts { papers: vec![paper(state)], has_account: true, ..bare(MerchantStatus::Draft) };
            let list = Checklist::of(&facts);
            let step = at(&list, "/documents/halal");
            assert_eq!((step.state, step.who), (expected, who));
            assert_eq!(list.check_submit(), Ok(()), "a paper holds products back, not the merchant");
        }
    }

    #[test]
    fn a_paper_is_called_as_people_call_it_and_says_what_was_wrong() {
        let pirt = NeededPaper {
            kind: DocumentKind::Pirt,
            instead: Some(DocumentKind::Bpom),
            note: Some("Tidak terbaca.".to_owned()),
            ..paper(Paper::Rejected)
        };
        let cosmetics = NeededPaper {
            kind: DocumentKind::Bpom,
            number_prefix: Some("NA".to_owned()),
            ..paper(Paper::Missing)
        };
        let list = Checklist::of(&Facts { papers: vec![pirt, cosmetics], ..bare(MerchantStatus::Draft) });
        let step = at(&list, "/documents/pirt");
        assert_eq!(step.text.en, "Correct and submit the P-IRT or BPOM number again: it was refused.");
        assert_eq!(step.reason.as_deref(), Some("Tidak terbaca."));
        let step = at(&list, "/documents/bpom");
        assert_eq!(step.text.id, "Ajukan nomor BPOM NA dengan buktinya: produknya memerlukannya.");
    }

    #[test]
    fn only_fields_of_a_merchant_are_asked_for() {
        for known in ["/nib", "/story", "/profile", "/profile/address", "/profile/kbli", "/translations"] {
            assert_eq!(parse_pointer(known), Ok(known.to_owned()));
        }
        let documents = DocumentKind::ALL.iter().map(|kind| format!("/documents/{kind}"));
        for known in documents.chain(ChannelKind::ALL.iter().map(|kind| format!("/channels/{kind}"))) {
            assert_eq!(parse_pointer(&known), Ok(known.clone()));
        }
        for unknown in [
            "",
            "/",
            "nib",
            "/NIB",
            "/documents/",
            "/documents/x",
            "/channels",
            "/products",
            "/consents/storefront_profile",
            "/profile/",
            "/profile/x",
            "/status",
            "/version",
        ] {
            assert_eq!(parse_pointer(unknown), Err(Code::InvalidChoice), "{unknown}");
        }
    }

    proptest! {
        #[test]
        fn knowing_more_never_takes_progress_away(bits in 0_u16..1024, more in 0_usize..10, status in 0_usize..6) {
            let with = |bits: u16| {
                let bit = |at: u16| bits & (1 << at) != 0;
                Facts {
                    has_nib: bit(0), has_legal_name: bit(1), has_scale: bit(2), has_story: bit(3), has_whatsapp: bit(4),
                    has_product: bit(5), has_account: bit(6), has_hero: bit(7),
                    papers: vec![paper(if bit(8) { Paper::Verified } else { Paper::Missing })], has_consent: bit(9),
                    ..bare(MerchantStatus::ALL[status])
                }
            };
            let (less, enough) = (Checklist::of(&with(bits)), Checklist::of(&with(bits | 1 << more)));
            let ((done, total), (done_then, total_then)) = (less.progress(), enough.progress());
            prop_assert!(done <= done_then && total == total_then && done_then <= total_then);
            prop_assert!(less.check_verify().is_err() || enough.check_verify().is_ok());
        }

        #[test]
        fn every_pointer_stands_once_but_that_of_the_status(asked in proptest::sample::subsequence(FIELDS.to_vec(), 0..FIELDS.len())) {
            let requests = asked.iter().map(|pointer| request(pointer)).collect();
            let list = Checklist::of(&Facts { requests, ..bare(MerchantStatus::NeedsChanges) });
            let mut pointers: Vec<_> = list.steps.iter().map(|s| &s.pointer).filter(|p| *p != "/status").collect();
            let all = pointers.len();
            pointers.sort();
            pointers.dedup();
            prop_assert_eq!(pointers.len(), all);
            prop_assert_eq!(list.check_submit().is_ok(), asked.is_empty());
        }
    }
}
