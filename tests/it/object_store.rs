//! Pictures and evidence in a bucket, of a real S3 server.

use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use kapal_tests::{
    Aggregator, Cluster, Reply, Server, ServerOptions, World, eventually, pdf, photo, text, tool, unique,
};

const BUCKET: &str = "kapal";
const KEY: &str = "kunci-uji";
const SECRET: &str = "rahasia-uji-bucket";

/// An S3 server over a folder; it ends when this is dropped, and its files stay.
struct Store {
    port: u16,
    folder: PathBuf,
    child: Child,
}

impl Store {
    /// A store with an empty bucket.
    async fn start() -> Self {
        let port =
            std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
        let folder = Cluster::get().directory.join(format!("s3-{}", unique()));
        std::fs::create_dir_all(folder.join(BUCKET)).expect("a bucket");
        let child = serve(port, &folder).await;
        Self { port, folder, child }
    }

    fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    async fn start_again(&mut self) {
        self.child = serve(self.port, &self.folder).await;
    }

    fn options(&self) -> ServerOptions {
        let env = vec![
            ("KAPAL_S3_BUCKET", BUCKET.to_owned()),
            ("KAPAL_S3_ENDPOINT", format!("http://127.0.0.1:{}", self.port)),
            ("KAPAL_S3_ACCESS_KEY", KEY.to_owned()),
            ("KAPAL_S3_SECRET_KEY", SECRET.to_owned()),
        ];
        ServerOptions { env, ..ServerOptions::default() }
    }

    /// The names of the files in a folder of the bucket, at any depth; the server's own notes left out.
    fn files(&self, folder: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.join(BUCKET).join(folder)];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                if entry.path().is_dir() {
                    folders.push(entry.path());
                } else if !name.starts_with('.') {
                    found.push(name);
                }
            }
        }
        found.sort();
        found
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn serve(port: u16, folder: &std::path::Path) -> Child {
    let child = Command::new(tool("s3s-fs"))
        .args([
            "--host",
            "127.0.0.1",
            "--port",
            &port.to_string(),
            "--access-key",
            KEY,
            "--secret-key",
            SECRET,
        ])
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("s3s-fs, which `make test` installs");
    eventually("the store listens", || async { TcpStream::connect(("127.0.0.1", port)).ok() }).await;
    child
}

async fn upload(aggregator: &Aggregator, bytes: Vec<u8>) -> Reply {
    aggregator.owner.call("POST", &aggregator.path("media")).file("a.jpg", bytes).await
}

fn path(url: &str) -> String {
    url::Url::parse(url).expect("an address").path().to_owned()
}

#[tokio::test]
async fn pictures_and_evidence_lie_in_a_bucket_and_outlive_a_restart() {
    let store = Store::start().await;
    let server = Server::start(store.options()).await;
    let aggregator = World::on(&server).await.aggregator().await;
    let url = path(&text(&upload(&aggregator, photo(700, 500)).await.json(201)["url"]));
    let hash = url.split('/').nth(2).expect("a hash").to_owned();
    let files = ["320.jpg", "320.webp", "640.jpg", "640.webp", "700.jpg", "700.webp"];
    assert_eq!(store.files(&format!("{}/{hash}", &hash[..2])), files);
    let merchant = aggregator.merchant().await;
    let evidence = pdf();
    let call = aggregator.owner.call("POST", &aggregator.path("files"));
    let made = call.evidence("a.pdf", evidence.clone(), &text(&merchant["id"])).await.json(201);
    let product = aggregator.product().await;
    assert!(!server.data.join("pictures").exists());
    assert!(!server.log().contains(SECRET));

    let database = server.database.clone();
    drop(server);
    let server = Server::on(database, store.options()).await;
    let again = World::on(&server).await;
    for file in files {
        let address = format!("{}/{file}", url.rsplit_once('/').expect("a file").0);
        let picture = again.visitor.get(&address).await.expect(200);
        let _ = image::load_from_memory(&picture.body).expect("a picture");
    }
    let owner = again.log_in(&aggregator.owner.email).await;
    let entry = owner.get(&aggregator.path(&format!("files/{}", text(&made["id"])))).await.json(200);
    assert_eq!(again.visitor.get(&path_and_query(&entry["url"])).await.expect(200).body, evidence);
    let shown =
        again.visitor.get(&aggregator.shop(&format!("/products/{}", text(&product["slug"])))).await.json(200);
    let preview = again.visitor.get(&path(&text(&shown["preview"]["url"]))).await.expect(200);
    assert_eq!(preview.header("content-type"), "image/jpeg");

    // Nothing shows the first picture: after a day its files go.
    let superuser = Cluster::get().superuser(&server.database).await;
    let age = format!(
        "UPDATE media SET unused_since = now() - interval '25 hours' WHERE hash = '{hash}';
         UPDATE stored_pictures SET stored_at = now() - interval '25 hours' WHERE hash = '{hash}'"
    );
    superuser.batch_execute(&age).await.expect("aged");
    let database = server.database.clone();
    drop(server);
    let server = Server::on(database, store.options()).await;
    eventually("the files go", || async {
        store.files(&format!("{}/{hash}", &hash[..2])).is_empty().then_some(())
    })
    .await;
    eventually("the log tells", || async {
        server.log().contains("pictures that nothing shows").then_some(())
    })
    .await;
    assert!(!store.files("private").is_empty());
}

fn path_and_query(url: &serde_json::Value) -> String {
    let url = url::Url::parse(&text(url)).expect("an address");
    format!("{}?{}", url.path(), url.query().unwrap_or_default())
}

#[tokio::test]
async fn while_the_store_is_away_nothing_is_half_stored() {
    let mut store = Store::start().await;
    let server = Server::start(store.options()).await;
    let aggregator = World::on(&server).await.aggregator().await;
    let url = path(&text(&upload(&aggregator, photo(200, 200)).await.json(201)["url"]));
    let merchant = text(&aggregator.merchant().await["id"]);
    store.stop();
    let (bytes, evidence) = (photo(200, 200), pdf());
    let send = || {
        let picture = aggregator.owner.call("POST", &aggregator.path("media"));
        let file = aggregator.owner.call("POST", &aggregator.path("files"));
        [
            picture.file("a.jpg", bytes.clone()).header("Idempotency-Key", "satu"),
            file.evidence("a.pdf", evidence.clone(), &merchant).header("Idempotency-Key", "dua"),
        ]
    };
    for call in send() {
        let reply = call.await;
        assert!(!reply.header("retry-after").is_empty(), "{reply}");
        reply.problem(503, "unavailable");
    }
    let reply = aggregator.world.visitor.get(&url).await;
    assert!(!reply.header("retry-after").is_empty(), "{reply}");
    reply.problem(503, "unavailable");
    let superuser = Cluster::get().superuser(&server.database).await;
    let sql = "SELECT (SELECT count(*) FROM media) + (SELECT count(*) FROM files)";
    let kept: i64 = superuser.query_one(sql, &[]).await.expect("a count").get(0);
    assert_eq!(kept, 1, "what was stored before");
    // What does not need the store goes on.
    let _ = aggregator.owner.get(&aggregator.path("merchants")).await.expect(200);
    store.start_again().await;
    for call in send() {
        let _ = call.await.expect(201);
    }
    let _ = aggregator.world.visitor.get(&url).await.expect(200);
}

#[tokio::test]
async fn half_of_the_settings_is_refused_without_showing_the_key() {
    let server = Server::start(ServerOptions::default()).await;
    for env in [
        vec![("KAPAL_S3_BUCKET", BUCKET), ("KAPAL_S3_SECRET_KEY", SECRET)],
        vec![("KAPAL_S3_ENDPOINT", "https://s3.example")],
        vec![
            ("KAPAL_S3_BUCKET", BUCKET),
            ("KAPAL_S3_ACCESS_KEY", KEY),
            ("KAPAL_S3_SECRET_KEY", SECRET),
            ("KAPAL_S3_ENDPOINT", "s3.example"),
        ],
    ] {
        let output = server.command(&["worker"]).envs(env).output().expect("run");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains("KAPAL_S3_") && !said.contains(SECRET), "{said}");
    }
}
