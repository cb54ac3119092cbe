//! People and things, made through the API alone as an integrator would: an operator, aggregators with members in
//! every role, merchants, products, mutiara.

use std::sync::atomic::{AtomicU8, Ordering};

use kapal_domain::permission::Role;
use serde_json::{Value, json};

use crate::client::Client;
use crate::cluster::Cluster;
use crate::server::Server;

/// The password of everybody in the tests.
pub const PASSWORD: &str = "empat perahu berlayar bersama";
const OPERATOR: &str = "operator@tests.example";

/// A server with its operator.
#[derive(Debug, Clone)]
pub struct World {
    /// Somebody without a login.
    pub visitor: Client,
    /// Who runs the platform.
    pub operator: Client,
    mail: std::path::PathBuf,
}

/// An active aggregator with its owner.
#[derive(Debug, Clone)]
pub struct Aggregator {
    /// Where it is.
    pub world: World,
    /// Its id.
    pub id: String,
    /// Its slug.
    pub slug: String,
    /// Its owner.
    pub owner: Member,
}

/// Somebody who works for an aggregator.
#[derive(Debug, Clone)]
pub struct Member {
    /// Logged in.
    pub client: Client,
    /// User id.
    pub id: String,
    /// Address.
    pub email: String,
    /// The refresh token of the login.
    pub refresh_token: String,
}

impl std::ops::Deref for Member {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// Twelve letters and digits that nobody else has.
#[must_use]
pub fn unique() -> String {
    uuid::Uuid::now_v7().simple().to_string()[20..].to_owned()
}

/// The operator's account, in the template: everything else comes into being through the API.
pub(crate) async fn make_operator(cluster: &Cluster) -> anyhow::Result<()> {
    use argon2::PasswordHasher as _;
    let hash = argon2::Argon2::default().hash_password(PASSWORD.as_bytes());
    let hash = hash.map_err(|error| anyhow::anyhow!("{error}"))?.to_string();
    let identity = cluster.connect("kapal_identity", crate::cluster::TEMPLATE).await;
    let sql = "INSERT INTO users (id, email, name, password_hash, is_operator, created_at, updated_at) \
               VALUES ($1::text::uuid, $2, 'Operator', $3, true, now(), now())";
    identity.execute(sql, &[&uuid::Uuid::now_v7().to_string(), &OPERATOR, &hash]).await?;
    Ok(())
}

impl World {
    /// The shared server.
    pub async fn new() -> Self {
        let cluster = Cluster::get();
        let visitor = Client::new(&cluster.server);
        // One login for many tests: each is a process of its own, and a login costs a hash.
        let kept = cluster.directory.join("operator.token");
        let written = std::fs::metadata(&kept).and_then(|file| file.modified()).ok();
        let is_fresh = written.and_then(|at| at.elapsed().ok()).is_some_and(|age| age.as_secs() < 300);
        if !is_fresh {
            let operator = log_in(&visitor, OPERATOR, PASSWORD).await.0;
            let part = kept.with_extension(unique());
            std::fs::write(&part, operator.token()).and_then(|()| std::fs::rename(&part, &kept)).ok();
        }
        let token = std::fs::read_to_string(&kept).unwrap_or_else(|error| panic!("{error}"));
        let operator = visitor.with_token(&token);
        Self { visitor, operator, mail: cluster.data.join("mail") }
    }

    /// A server of one's own.
    pub async fn on(server: &Server) -> Self {
        let visitor = Client::new(&server.address);
        let operator = log_in(&visitor, OPERATOR, PASSWORD).await.0;
        Self { visitor, operator, mail: server.data.join("mail") }
    }

    /// The same, where mail arrives in this folder.
    #[must_use]
    pub fn with_mail_in(self, mail: std::path::PathBuf) -> Self {
        Self { mail, ..self }
    }

    /// An active aggregator with an owner.
    pub async fn aggregator(&self) -> Aggregator {
        self.aggregator_named("Koperasi Uji").await
    }

    /// An active aggregator of this name with an owner.
    pub async fn aggregator_named(&self, name: &str) -> Aggregator {
        let (slug, email) = (format!("uji-{}", unique()), format!("{}@uji.example", unique()));
        let made = self
            .operator
            .post("/v1/platform/aggregators", json!({ "slug": slug, "name": name, "owner_email": email }))
            .await
            .json(201);
        let id = text(&made["id"]);
        let _ = self.operator.step(&format!("/v1/platform/aggregators/{id}/activate")).await.expect(200);
        let owner = self.join(&email).await;
        Aggregator { world: self.clone(), id, slug, owner }
    }

    /// Accepts the invitation that was mailed to an address, as somebody new, and logs in.
    pub async fn join(&self, email: &str) -> Member {
        let token = self.mailed(email, "/invitations/").await;
        let path = format!("/v1/invitations/{token}/accept");
        let accepted = self.visitor.post(&path, json!({ "name": "Ani Uji", "password": PASSWORD })).await;
        assert!(accepted.status < 300, "{accepted}");
        self.log_in(email).await
    }

    /// Logs in.
    pub async fn log_in(&self, email: &str) -> Member {
        let (client, tokens) = log_in(&self.visitor, email, PASSWORD).await;
        let id = text(&client.get("/v1/me").await.json(200)["id"]);
        Member { client, id, email: email.to_owned(), refresh_token: text(&tokens["refresh_token"]) }
    }

    /// What follows `before` in the newest mail to an address, up to the end of the word; waits for the mail.
    pub async fn mailed(&self, email: &str, before: &str) -> String {
        let mail = crate::eventually(&format!("mail to {email}"), async || self.mail_to(email).pop()).await;
        let (_, rest) = mail.split_once(before).unwrap_or_else(|| panic!("no {before} in: {mail}"));
        rest.split(|c: char| c.is_whitespace() || c == '/').next().unwrap_or_default().to_owned()
    }

    /// The mails to an address, the newest last.
    #[must_use]
    pub fn mail_to(&self, email: &str) -> Vec<String> {
        let files = std::fs::read_dir(&self.mail).into_iter().flatten().flatten();
        let mut mails: Vec<_> = files
            .filter_map(|file| {
                let written = file.metadata().ok()?.modified().ok()?;
                // Quoted-printable: a long line goes on in the next.
                let text = std::fs::read_to_string(file.path())
                    .ok()?
                    .replace('\r', "")
                    .replace("=\n", "")
                    .replace("=3D", "=");
                text.contains(email).then_some((written, text))
            })
            .collect();
        mails.sort();
        mails.into_iter().map(|(_, text)| text).collect()
    }
}

async fn log_in(visitor: &Client, email: &str, password: &str) -> (Client, Value) {
    let body = json!({ "email": email, "password": password });
    let tokens = visitor.post("/v1/auth/login", body).await.json(200);
    (visitor.with_token(&text(&tokens["access_token"])), tokens)
}

/// The text of a JSON value.
#[must_use]
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}")).to_owned()
}

/// A JPEG of this size whose colours no other picture of the tests has.
#[must_use]
pub fn photo(width: u32, height: u32) -> Vec<u8> {
    let seed = uuid::Uuid::now_v7().as_u128();
    let picture = image::RgbImage::from_fn(width, height, |x, y| {
        let shift = |by: u32| (seed >> by) as u8;
        image::Rgb([shift(0).wrapping_add(x as u8), shift(8).wrapping_add(y as u8), shift(16)])
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap_or_else(|error| panic!("{error}"));
    bytes.into_inner()
}

impl Aggregator {
    /// A path of this aggregator's staff.
    #[must_use]
    pub fn path(&self, rest: &str) -> String {
        format!("/v1/aggregators/{}/{rest}", self.slug)
    }

    /// A path of this aggregator's storefront.
    #[must_use]
    pub fn shop(&self, rest: &str) -> String {
        format!("/v1/storefronts/{}{rest}", self.slug)
    }

    /// A new member with a role; a `merchant` gets an active merchant of its own.
    pub async fn member(&self, role: Role) -> Member {
        match role {
            Role::Merchant => {
                let merchant = self.active_merchant().await;
                self.merchant_member(&text(&merchant["id"])).await
            }
            role => self.invite(json!({ "role": role.as_str() })).await,
        }
    }

    /// A new member with the role merchant for this merchant.
    pub async fn merchant_member(&self, merchant_id: &str) -> Member {
        self.invite(json!({ "role": "merchant", "merchant_id": merchant_id })).await
    }

    async fn invite(&self, mut body: Value) -> Member {
        let email = format!("{}@uji.example", unique());
        body["email"] = json!(email);
        let _ = self.owner.post(&self.path("invitations"), body).await.expect(201);
        self.world.join(&email).await
    }

    /// A merchant in draft, with a NIB.
    pub async fn merchant(&self) -> Value {
        let body = json!({
            "name": format!("Kopi Mama {}", unique()), "region_code": "53.07", "phone": "0812-3456-7890",
            "nib": nib(), "story": "Kopi dari lereng Egon.",
        });
        self.owner.post(&self.path("merchants"), body).await.json(201)
    }

    /// A verified merchant with a NIB, the documents that food needs, and a WhatsApp channel.
    pub async fn active_merchant(&self) -> Value {
        let merchant = self.merchant().await;
        let id = text(&merchant["id"]);
        let channel = self.path(&format!("merchants/{id}/channels/whatsapp"));
        let made = self.owner.put(&channel, json!({ "handle": "0812-3456-7890" })).await;
        assert!(made.status < 300, "{made}");
        self.prove(&id).await;
        let _ = self.owner.step(&self.path(&format!("merchants/{id}/submit"))).await.expect(200);
        self.owner.step(&self.path(&format!("merchants/{id}/verify"))).await.json(200)
    }

    /// Gives a merchant the verified documents that food needs.
    pub async fn prove(&self, merchant: &str) {
        for (kind, number) in [("pirt", pirt()), ("halal", halal())] {
            let _ = self.verified_document(merchant, kind, json!({ "number": number })).await;
        }
    }

    /// A file of evidence about a merchant. Answers its id.
    pub async fn evidence(&self, merchant: &str) -> String {
        let call = self.owner.call("POST", &self.path("files"));
        text(&call.evidence("bukti.pdf", pdf(), merchant).await.json(201)["id"])
    }

    /// A new document of a merchant with evidence, submitted.
    pub async fn document(&self, merchant: &str, kind: &str, mut body: Value) -> Value {
        body["file_id"] = json!(self.evidence(merchant).await);
        let path = self.path(&format!("merchants/{merchant}/documents/{kind}"));
        self.owner.put(&path, body).await.json(201)
    }

    /// A new document of a merchant with evidence, verified.
    pub async fn verified_document(&self, merchant: &str, kind: &str, body: Value) -> Value {
        let _ = self.document(merchant, kind, body).await;
        let path = self.path(&format!("merchants/{merchant}/documents/{kind}/verify"));
        self.owner.step(&path).await.json(200)
    }

    /// The body of a complete product.
    pub async fn product_body(&self, merchant_id: &str) -> Value {
        self.product_body_by(&self.owner, merchant_id).await
    }

    /// The body of a complete product, with a photo that this member has uploaded.
    pub async fn product_body_by(&self, uploader: &Member, merchant_id: &str) -> Value {
        let media =
            uploader.call("POST", &self.path("media")).file("kopi.jpg", photo(640, 480)).await.json(201);
        let name = format!("Kopi Arabika {}", unique());
        json!({
            "merchant_id": merchant_id, "category_id": self.category().await,
            "translations": {
                "id": { "name": name, "description": "Kopi sangrai sedang dari lereng gunung." },
                "en": { "name": format!("Arabica {name}"), "description": "Medium roast from the slopes." },
            },
            "variants": [{ "sku": "KOPI-250", "price": { "amount": "75000", "currency": "IDR" }, "stock": 20 }],
            "media": [media["id"]],
        })
    }

    /// The id of a category.
    pub async fn category(&self) -> String {
        let categories = self.world.visitor.get("/v1/categories").await.json(200);
        let first = categories.pointer("/data/0/id").or(categories.pointer("/0/id"));
        text(first.unwrap_or_else(|| panic!("no category in {categories}")))
    }

    /// A complete product in draft, of a new active merchant.
    pub async fn draft_product(&self) -> Value {
        let merchant = self.active_merchant().await;
        let body = self.product_body(&text(&merchant["id"])).await;
        self.owner.post(&self.path("products"), body).await.json(201)
    }

    /// A published product of a new active merchant.
    pub async fn product(&self) -> Value {
        let product = self.draft_product().await;
        self.publish(&text(&product["id"])).await
    }

    /// Submits and publishes a product.
    pub async fn publish(&self, id: &str) -> Value {
        let _ = self.owner.step(&self.path(&format!("products/{id}/submit"))).await.expect(200);
        self.owner.step(&self.path(&format!("products/{id}/publish"))).await.json(200)
    }

    /// Nominates a published product, has two curators score it high, accepts it. Answers the nomination.
    pub async fn make_mutiara(&self, product_id: &str) -> Value {
        let body = json!({ "product_id": product_id, "reason": "Rasa khas dan kemasan rapi." });
        let nomination = self.owner.post(&self.path("nominations"), body).await.json(201);
        let path = self.path(&format!("nominations/{}", text(&nomination["id"])));
        for _ in 0..2 {
            let curator = self.member(Role::Curator).await;
            let scored = curator.put(&format!("{path}/scores"), scores(5)).await;
            assert!(scored.status < 300, "{scored}");
        }
        let decision = json!({ "decision": "accept", "reason": "Memenuhi semua syarat." });
        self.owner.post(&format!("{path}/decide"), decision).await.json(200)
    }

    /// A published product that is mutiara.
    pub async fn mutiara(&self) -> Value {
        let product = self.product().await;
        let id = text(&product["id"]);
        let _ = self.make_mutiara(&id).await;
        self.owner.get(&self.path(&format!("products/{id}"))).await.json(200)
    }
}

impl Aggregator {
    /// A collection with these products.
    pub async fn collection(&self, products: &[&str]) -> Value {
        let body = json!({ "title": { "id": format!("Pilihan {}", unique()), "en": "Choice" } });
        let made = self.owner.post(&self.path("collections"), body).await.json(201);
        let path = self.path(&format!("collections/{}/products", text(&made["id"])));
        let products = json!({ "product_ids": products });
        self.owner.put(&path, products).of(&made["version"]).await.json(200)
    }

    /// A slot on the home page that runs from now on with these mutiara, on a line of its own.
    pub async fn slot(&self, products: &[&str]) -> Value {
        static LINES: AtomicU8 = AtomicU8::new(0);
        let line = 1 + LINES.fetch_add(1, Ordering::Relaxed) % 20;
        let body = json!({ "place": "home_row", "line": line, "product_ids": products });
        self.owner.post(&self.path("slots"), body).await.json(201)
    }
}

impl Aggregator {
    /// A merchant that this member has onboarded: a hero's is assigned to him.
    pub async fn merchant_of(&self, member: &Member) -> String {
        let body = json!({
            "name": format!("Kopi Mama {}", unique()), "region_code": "53.07", "phone": "0812-3456-7890", "nib": nib(),
        });
        text(&member.post(&self.path("merchants"), body).await.json(201)["id"])
    }

    /// Records a visit, or corrects it.
    #[must_use]
    pub fn put_visit(&self, member: &Client, id: &str, body: &Value) -> crate::Call {
        member.put(&self.path(&format!("visits/{id}")), body.clone())
    }
}

/// A moment so many minutes ago.
#[must_use]
pub fn ago(minutes: i64) -> String {
    let then = chrono::Utc::now() - chrono::TimeDelta::minutes(minutes);
    then.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// An id as a phone makes it.
#[must_use]
pub fn phone_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// The body of a visit that ended half an hour ago.
#[must_use]
pub fn visit(merchant: &str) -> Value {
    json!({
        "merchant_id": merchant, "started_at": ago(90), "ended_at": ago(30), "mode": "visit",
        "topics": ["packaging", "legality"], "problems": "Kemasan belum kedap udara.",
        "advice": "Pakai kemasan berlapis aluminium.", "device_id": "hp-ria-1",
    })
}

/// The same points for every criterion of the default rubric.
#[must_use]
pub fn scores(points: u8) -> Value {
    let rubric = kapal_domain::rubric::Rubric::default_rubric();
    let scores: serde_json::Map<_, _> = rubric
        .criteria()
        .iter()
        .map(|criterion| (criterion.key.as_str().to_owned(), json!(points)))
        .collect();
    json!({ "scores": scores, "comment": "Dinilai menurut rubrik." })
}

/// A P-IRT number that no other merchant has.
#[must_use]
pub fn pirt() -> String {
    format!("2063171{:06}31", uuid::Uuid::now_v7().as_u128() % 1_000_000)
}

/// A halal certificate's number that no other merchant has.
#[must_use]
pub fn halal() -> String {
    format!("ID{:017}", uuid::Uuid::now_v7().as_u128() % 100_000_000_000_000_000)
}

/// A small PDF that no other test has.
#[must_use]
pub fn pdf() -> Vec<u8> {
    format!("%PDF-1.4\n% {}\n%%EOF\n", unique()).into_bytes()
}

/// A NIB that no other merchant has.
#[must_use]
pub fn nib() -> String {
    format!("{:013}", uuid::Uuid::now_v7().as_u128() % 10_000_000_000_000)
}
