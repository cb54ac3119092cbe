//! Mail over SMTP, to a real mail server.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use kapal_tests::{Cluster, Server, ServerOptions, World, eventually, tool, unique};

/// A mail server that keeps what it is given in a folder (maildir); it ends when this is dropped.
struct Sink {
    port: u16,
    folder: PathBuf,
    child: Child,
}

impl Sink {
    async fn start(port: u16, folder: &Path) -> Self {
        let child = Command::new(tool("aiosmtpd"))
            .args(["--nosetuid", "--listen", &format!("127.0.0.1:{port}")])
            .args(["--class", "aiosmtpd.handlers.Mailbox", &folder.display().to_string()])
            .stdin(Stdio::null())
            .spawn()
            .expect("aiosmtpd, which `make test` installs");
        let sink = Self { port, folder: folder.to_owned(), child };
        eventually("the mail server listens", || async { TcpStream::connect(("127.0.0.1", port)).ok() })
            .await;
        sink
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that nobody listens on, and a folder for mail.
fn place() -> (u16, PathBuf) {
    let port =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
    (port, Cluster::get().directory.join(format!("maildir-{}", unique())))
}

async fn server_with(port: u16) -> Server {
    let env = vec![
        ("KAPAL_SMTP_URL", format!("smtp://127.0.0.1:{port}")),
        ("KAPAL_MAIL_FROM", "Kapal Induk <halo@kapal.example>".to_owned()),
    ];
    Server::start(ServerOptions { env, ..ServerOptions::default() }).await
}

#[tokio::test]
async fn an_invitation_reaches_a_mail_server_and_opens_an_account() {
    let (port, folder) = place();
    let sink = Sink::start(port, &folder).await;
    let server = server_with(sink.port).await;
    let world = World::on(&server).await.with_mail_in(sink.folder.join("new"));
    // An owner joins by the link in the letter.
    let aggregator = world.aggregator_named("Koperasi Uji Kopi Gayo é").await;
    let letter = world.mail_to(&aggregator.owner.email).pop().expect("a letter");
    assert!(letter.contains("From: \"Kapal Induk\" <halo@kapal.example>"), "{letter}");
    assert!(letter.contains("Subject: ") && letter.contains("Message-ID: <"), "{letter}");
    assert!(letter.contains(&format!("X-RcptTo: {}", aggregator.owner.email)), "{letter}");
    assert!(!server.data.join("mail").exists(), "what a mail server takes is not written to files too");
}

#[tokio::test]
async fn a_letter_waits_for_a_mail_server_that_is_away_and_arrives_once() {
    let (port, folder) = place();
    let server = server_with(port).await;
    let world = World::on(&server).await.with_mail_in(folder.join("new"));
    let email = format!("{}@uji.example", unique());
    let body = serde_json::json!({ "slug": format!("uji-{}", unique()), "name": "Koperasi Uji", "owner_email": email });
    let _ = world.operator.post("/v1/platform/aggregators", body).await.expect(201);
    let database = Cluster::get().connect("postgres", &server.database).await;
    let tried =
        "SELECT last_error FROM mail_outbox WHERE recipient = $1 AND attempts > 0 AND last_error IS NOT NULL";
    let failed = async || database.query_opt(tried, &[&email]).await.expect("a query");
    eventually("the first try fails", failed).await;

    let sink = Sink::start(port, &folder).await;
    database
        .execute("UPDATE mail_outbox SET next_try_at = now() WHERE sent_at IS NULL", &[])
        .await
        .expect("due");
    let _ = eventually("the letter arrives", async || world.mail_to(&email).pop()).await;
    let sent =
        "SELECT 1 FROM mail_outbox WHERE recipient = $1 AND sent_at IS NOT NULL AND next_try_at IS NULL";
    eventually("it is noted as sent", async || database.query_opt(sent, &[&email]).await.expect("a query"))
        .await;
    assert_eq!(world.mail_to(&email).len(), 1);
    drop(sink);
}
