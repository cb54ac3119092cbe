//! Sends what the outbox holds: by SMTP, or into files where none is configured.

use std::path::PathBuf;
use std::time::Duration;

use kapal_persistence::{ClaimedMail, Db, Result};
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use tokio::sync::watch;

/// How long a mail server may be silent.
const PATIENCE: Duration = Duration::from_secs(20);
/// How much of a server's complaint is kept.
const LONGEST_ERROR: usize = 500;

/// How mail leaves.
#[derive(Debug, Clone)]
pub struct MailSettings {
    /// `smtp://` or `smtps://` with user and password; None writes files.
    pub smtp_url: Option<String>,
    /// The sender, such as `Kapal Induk <kapal@example.id>`.
    pub from: String,
    /// Where files are written to.
    pub dir: PathBuf,
}

/// Why mail can't be sent with these settings.
#[derive(Debug, thiserror::Error)]
pub enum MailerError {
    /// The sender is no address.
    #[error("the sender of mail is not an address: {0}")]
    Sender(#[from] lettre::address::AddressError),
    /// The server's address can't be read.
    #[error("the mail server's address can't be read: {0}")]
    Server(#[from] lettre::transport::smtp::Error),
}

/// Sends letters.
pub struct Mailer {
    from: Mailbox,
    way: Way,
}

enum Way {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Files(PathBuf),
}

/// Why one letter could not be sent.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the recipient is not an address: {0}")]
    Recipient(#[from] lettre::address::AddressError),
    #[error("the letter can't be written: {0}")]
    Letter(#[from] lettre::error::Error),
    #[error("the mail server: {0}")]
    Server(#[from] lettre::transport::smtp::Error),
    #[error("the file: {0}")]
    File(#[from] std::io::Error),
}

impl Mailer {
    /// Checks the settings; connects when there is something to send.
    pub fn new(settings: MailSettings) -> Result<Self, MailerError> {
        let way = match settings.smtp_url {
            Some(url) => {
                let server = AsyncSmtpTransport::<Tokio1Executor>::from_url(&url)?;
                Way::Smtp(server.timeout(Some(PATIENCE)).build())
            }
            None => Way::Files(settings.dir),
        };
        Ok(Self { from: settings.from.parse()?, way })
    }

    /// Sends what is due, tenant by tenant, until `stop` turns true. A letter that fails is tried again later.
    pub(crate) async fn deliver(&self, db: &Db, stop: &watch::Receiver<bool>) -> Result<()> {
        let mut noted = Ok(());
        for aggregator in db.tenants_with_mail().await? {
            let letters = db.claim_mail(aggregator).await?;
            for (at, letter) in letters.iter().enumerate() {
                if *stop.borrow() {
                    return db.give_back_mail(&letters[at..]).await;
                }
                // What can't be noted is sent once more when its lease has passed; those after it don't wait for that.
                noted = noted.and(self.try_to_send(db, letter).await);
            }
        }
        noted
    }

    /// Sends a letter, and notes that it was sent or why it was not.
    async fn try_to_send(&self, db: &Db, letter: &ClaimedMail) -> Result<()> {
        let Err(failure) = self.send(letter).await else { return db.mail_sent(letter).await };
        let reason: String = failure.to_string().chars().take(LONGEST_ERROR).collect();
        tracing::warn!(
            target: "kapal::worker", mail = %letter.id, attempt = letter.attempt, reason,
            "a letter could not be sent",
        );
        db.mail_failed(letter, reason).await
    }

    async fn send(&self, letter: &ClaimedMail) -> Result<(), Failure> {
        let message = self.message(letter)?;
        match &self.way {
            Way::Smtp(server) => {
                server.send(message).await?;
            }
            Way::Files(dir) => {
                tokio::fs::create_dir_all(dir).await?;
                // Under its own name only when it is whole, so that nobody reads half a letter.
                let (whole, part) =
                    (dir.join(format!("{}.eml", letter.id)), dir.join(format!(".{}.part", letter.id)));
                tokio::fs::write(&part, message.formatted()).await?;
                tokio::fs::rename(&part, &whole).await?;
            }
        }
        Ok(())
    }

    /// The letter by RFC 5322. Its id makes the Message-ID, so that a second copy can be told.
    fn message(&self, letter: &ClaimedMail) -> Result<Message, Failure> {
        let host = self.from.email.domain();
        let message = Message::builder()
            .from(self.from.clone())
            .to(letter.recipient.parse()?)
            .subject(&letter.text.subject)
            .message_id(Some(format!("<{}@{host}>", letter.id)))
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text.text.clone())?;
        Ok(message)
    }
}

#[cfg(test)]
mod tests {
    use kapal_domain::ids::{AggregatorId, MailId};
    use kapal_persistence::MailText;

    use super::*;

    fn letter(recipient: &str, subject: &str) -> ClaimedMail {
        ClaimedMail {
            aggregator: AggregatorId::PLATFORM,
            id: MailId::new(),
            recipient: recipient.into(),
            attempt: 1,
            text: MailText { subject: subject.into(), text: "Halo,\n\nhttps://kapal.test/x\n".into() },
        }
    }

    fn mailer(from: &str, smtp_url: Option<&str>) -> Result<Mailer, MailerError> {
        let dir = std::env::temp_dir().join(format!("kapal-mail-{}", MailId::new()));
        Mailer::new(MailSettings { smtp_url: smtp_url.map(str::to_owned), from: from.into(), dir })
    }

    #[tokio::test]
    async fn a_letter_becomes_a_whole_file() {
        let mailer = mailer("Kapal Induk <kapal@kapal.test>", None).expect("settings");
        let letter = letter("sri@toko.id", "Undangan");
        mailer.send(&letter).await.expect("sent");
        let Way::Files(dir) = &mailer.way else { panic!("no files") };
        let text = std::fs::read_to_string(dir.join(format!("{}.eml", letter.id))).expect("written");
        for line in [
            "From: \"Kapal Induk\" <kapal@kapal.test>\r\n",
            "To: sri@toko.id\r\n",
            "Subject: Undangan\r\n",
            &format!("Message-ID: <{}@kapal.test>\r\n", letter.id),
            "\r\n\r\nHalo,\r\n",
            "https://kapal.test/x",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
        assert_eq!(std::fs::read_dir(dir).expect("a directory").count(), 1);
        std::fs::remove_dir_all(dir).expect("removed");
    }

    #[test]
    fn a_subject_makes_no_header_of_its_own() {
        let mailer = mailer("kapal@kapal.test", None).expect("settings");
        let message = mailer.message(&letter("sri@toko.id", "Halo\r\nBcc: x@y.id")).expect("a message");
        let text = String::from_utf8(message.formatted()).expect("text");
        assert!(!text.contains("\r\nBcc:"), "{text}");
    }

    #[test]
    fn bad_settings_and_recipients_are_told() {
        assert!(matches!(mailer("nobody", None), Err(MailerError::Sender(_))));
        assert!(matches!(mailer("a@b.id", Some("http://mail.id")), Err(MailerError::Server(_))));
        let mailer = mailer("a@b.id", None).expect("settings");
        assert!(matches!(mailer.message(&letter("nobody", "x")), Err(Failure::Recipient(_))));
    }
}
