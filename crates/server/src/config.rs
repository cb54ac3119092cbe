//! Configuration: environment variables alone, read once, one struct per concern. A name that is not known is refused
//! with the nearest one that is, so that a misspelt setting is not a silent default.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use kapal_persistence::{BucketSettings, Secret, Urls};

/// All settings.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where data lies and which database it is.
    pub database: DatabaseConfig,
    /// What is served where.
    pub http: HttpConfig,
    /// `KAPAL_S3_*`: the bucket that pictures and evidence lie in; None keeps them in the data directory.
    pub bucket: Option<BucketSettings>,
    /// How mail leaves.
    pub mail: MailConfig,
    /// `production` refuses what is only good for trying things out.
    pub production: bool,
}

/// Where data lies.
#[derive(Debug, Clone)]
pub struct DatabaseConfig {
    /// `KAPAL_DATA_DIR`: the private PostgreSQL, the secret key, pictures, mail.
    pub data_dir: PathBuf,
    /// `KAPAL_DATABASE_URL`: the migration owner's address on a server of one's own; unset means the private one.
    pub url: Option<String>,
    /// `KAPAL_DATABASE_{APP,PUBLIC,IDENTITY,OPS}_URL`: where an administrator made the roles.
    pub service_urls: Option<Urls>,
    /// `KAPAL_PG_BIN`: where PostgreSQL's programs are.
    pub binaries: Option<PathBuf>,
    /// `KAPAL_SECRET_KEY` or `KAPAL_SECRET_KEY_FILE`.
    pub secret: Option<Secret>,
    /// `KAPAL_MIGRATE`: whether `serve` migrates; on for the private PostgreSQL.
    pub migrate: bool,
    /// `KAPAL_POOL_SIZE`: connections of the busiest roles.
    pub pool_size: usize,
}

/// What is served where.
#[derive(Debug, Clone)]
pub struct HttpConfig {
    /// `KAPAL_HTTP_ADDR`.
    pub address: SocketAddr,
    /// `KAPAL_METRICS_ADDR`.
    pub metrics: SocketAddr,
    /// `KAPAL_PUBLIC_URL`, without a final slash.
    pub public_url: String,
    /// `KAPAL_RATE_LIMITS`: None is off.
    pub rate_limits: Option<f64>,
    /// `KAPAL_TRUSTED_PROXIES`: whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// `KAPAL_WORKER`: whether `serve` runs the worker too.
    pub worker: bool,
    /// `KAPAL_SEARCH`: whether searches are answered by an index in the process, else by the database alone.
    pub search: bool,
}

/// How mail leaves.
#[derive(Debug, Clone)]
pub struct MailConfig {
    /// `KAPAL_SMTP_URL`; unset writes files.
    pub smtp_url: Option<String>,
    /// `KAPAL_MAIL_FROM`.
    pub from: String,
}

/// Every name that is read, with what it means.
pub const NAMES: &[(&str, &str)] = &[
    ("KAPAL_DATA_DIR", "where the private PostgreSQL, the secret key, pictures and mail lie (./var)"),
    (
        "KAPAL_DATABASE_URL",
        "the migration owner's address on a server of your own (unset: the private PostgreSQL)",
    ),
    ("KAPAL_DATABASE_APP_URL", "the address of role kapal_app, where an administrator made the roles"),
    ("KAPAL_DATABASE_PUBLIC_URL", "the address of role kapal_public"),
    ("KAPAL_DATABASE_IDENTITY_URL", "the address of role kapal_identity"),
    ("KAPAL_DATABASE_OPS_URL", "the address of role kapal_ops"),
    ("KAPAL_PG_BIN", "where PostgreSQL's programs are (the newest that is installed)"),
    ("KAPAL_SECRET_KEY", "the root secret: 32 bytes in base64 (made once for the private PostgreSQL)"),
    ("KAPAL_SECRET_KEY_FILE", "a file with the root secret"),
    ("KAPAL_ENV", "development or production (development on loopback)"),
    ("KAPAL_HTTP_ADDR", "where the API is served (127.0.0.1:8080)"),
    ("KAPAL_METRICS_ADDR", "where /metrics is served (127.0.0.1:9090)"),
    ("KAPAL_PUBLIC_URL", "where the service is reached from outside (http://KAPAL_HTTP_ADDR)"),
    ("KAPAL_RATE_LIMITS", "on, off, or a multiplier (on)"),
    (
        "KAPAL_TRUSTED_PROXIES",
        "addresses of your proxies, separated by commas, whose X-Forwarded-For is believed (none)",
    ),
    ("KAPAL_MIGRATE", "on or off: whether serve migrates (on for the private PostgreSQL)"),
    ("KAPAL_POOL_SIZE", "connections of the busiest roles (4 per core)"),
    ("KAPAL_WORKER", "on or off: whether serve runs the worker too (on)"),
    ("KAPAL_S3_BUCKET", "the bucket for pictures and evidence (unset: they lie in KAPAL_DATA_DIR/pictures)"),
    ("KAPAL_S3_ENDPOINT", "the address of an S3-compatible store, such as https://s3.example.id (Amazon's)"),
    ("KAPAL_S3_REGION", "the region of the bucket (us-east-1, which most other stores take)"),
    ("KAPAL_S3_ACCESS_KEY", "the name of the key to the bucket"),
    ("KAPAL_S3_SECRET_KEY", "the key to the bucket"),
    (
        "KAPAL_SEARCH",
        "on or off: whether searches are answered by an index in KAPAL_DATA_DIR/search, else by the database alone (on)",
    ),
    (
        "KAPAL_SMTP_URL",
        "smtp://user:password@host:port or smtps://.. (unset: mail is written to KAPAL_DATA_DIR/mail)",
    ),
    ("KAPAL_MAIL_FROM", "the sender of mail (Kapal Induk <kapal@localhost>)"),
    ("KAPAL_LOG", "a filter such as info,kapal=debug (warn,kapal=info)"),
    ("KAPAL_LOG_FORMAT", "text or json (text)"),
];

/// What is wrong with the settings, with the remedy.
#[derive(Debug, thiserror::Error)]
#[error("{cause}\nWhat to do: {remedy}")]
pub struct BadConfig {
    cause: String,
    remedy: String,
}

fn bad(cause: impl Into<String>, remedy: impl Into<String>) -> BadConfig {
    BadConfig { cause: cause.into(), remedy: remedy.into() }
}

impl Config {
    /// Reads the environment.
    pub fn from_env() -> Result<Self, BadConfig> {
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("KAPAL_")) {
            if !NAMES.iter().any(|(known, _)| *known == name) {
                let nearest = NAMES.iter().max_by(|a, b| {
                    strsim::jaro_winkler(a.0, &name).total_cmp(&strsim::jaro_winkler(b.0, &name))
                });
                let nearest = nearest.map_or("", |(known, _)| known);
                return Err(bad(
                    format!("There is no setting {name}."),
                    format!("Unset it. Is {nearest} meant?"),
                ));
            }
        }
        let address = parse_address("KAPAL_HTTP_ADDR", "127.0.0.1:8080")?;
        let production = match text("KAPAL_ENV").as_deref() {
            Some("production") => true,
            Some("development") => false,
            None => !address.ip().is_loopback(),
            Some(other) => {
                return Err(bad(format!("KAPAL_ENV is {other}."), "Set it to development or production."));
            }
        };
        let public_url = text("KAPAL_PUBLIC_URL").unwrap_or_else(|| format!("http://{address}"));
        if production && !public_url.starts_with("https://") {
            return Err(bad(
                format!("KAPAL_PUBLIC_URL is {public_url}, which production refuses."),
                "Set it to the https address that people open.",
            ));
        }
        let url = text("KAPAL_DATABASE_URL");
        let secret = secret()?;
        if url.is_some() && secret.is_none() {
            return Err(bad(
                "KAPAL_DATABASE_URL is set, but no root secret.",
                "Set KAPAL_SECRET_KEY (make one with: openssl rand -base64 32) or KAPAL_SECRET_KEY_FILE, and keep it: without it what is sealed in the database can't be read.",
            ));
        }
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Ok(Self {
            database: DatabaseConfig {
                data_dir: text("KAPAL_DATA_DIR").map_or_else(|| PathBuf::from("var"), PathBuf::from),
                service_urls: service_urls()?,
                binaries: text("KAPAL_PG_BIN").map(PathBuf::from),
                secret,
                migrate: switch("KAPAL_MIGRATE", url.is_none())?,
                pool_size: match text("KAPAL_POOL_SIZE") {
                    None => 4 * cores,
                    Some(size) => size.parse().ok().filter(|s| (1..=500).contains(s)).ok_or_else(|| {
                        bad(format!("KAPAL_POOL_SIZE is {size}."), "Set a number from 1 to 500.")
                    })?,
                },
                url,
            },
            http: HttpConfig {
                address,
                metrics: parse_address("KAPAL_METRICS_ADDR", "127.0.0.1:9090")?,
                public_url: public_url.trim_end_matches('/').to_owned(),
                rate_limits: rate_limits()?,
                trusted_proxies: trusted_proxies()?,
                worker: switch("KAPAL_WORKER", true)?,
                search: switch("KAPAL_SEARCH", true)?,
            },
            bucket: bucket()?,
            mail: MailConfig {
                smtp_url: text("KAPAL_SMTP_URL"),
                from: text("KAPAL_MAIL_FROM").unwrap_or_else(|| "Kapal Induk <kapal@localhost>".to_owned()),
            },
            production,
        })
    }
}

fn text(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn parse_address(name: &str, default: &str) -> Result<SocketAddr, BadConfig> {
    let value = text(name).unwrap_or_else(|| default.to_owned());
    value.parse().map_err(|_| bad(format!("{name} is {value}."), format!("Write it as {default}.")))
}

fn switch(name: &str, default: bool) -> Result<bool, BadConfig> {
    match text(name).as_deref() {
        None => Ok(default),
        Some("on") => Ok(true),
        Some("off") => Ok(false),
        Some(other) => Err(bad(format!("{name} is {other}."), "Set it to on or off.")),
    }
}

fn trusted_proxies() -> Result<Vec<IpAddr>, BadConfig> {
    let listed = text("KAPAL_TRUSTED_PROXIES").unwrap_or_default();
    let addresses = listed.split(',').map(str::trim).filter(|address| !address.is_empty());
    addresses
        .map(|address| {
            address.parse().map_err(|_| {
                bad(
                    format!("KAPAL_TRUSTED_PROXIES has {address}."),
                    "Write addresses such as 127.0.0.1,10.0.0.7.",
                )
            })
        })
        .collect()
}

fn rate_limits() -> Result<Option<f64>, BadConfig> {
    match text("KAPAL_RATE_LIMITS").as_deref() {
        None | Some("on") => Ok(Some(1.0)),
        Some("off") => Ok(None),
        Some(factor) => match factor.parse::<f64>() {
            Ok(factor) if factor.is_finite() && factor > 0.0 => Ok(Some(factor)),
            _ => Err(bad(
                format!("KAPAL_RATE_LIMITS is {factor}."),
                "Set it to on, off, or a multiplier such as 10.",
            )),
        },
    }
}

fn secret() -> Result<Option<Secret>, BadConfig> {
    let (name, value) = match (text("KAPAL_SECRET_KEY"), text("KAPAL_SECRET_KEY_FILE")) {
        (Some(key), _) => ("KAPAL_SECRET_KEY", key),
        (None, Some(file)) => {
            let key = std::fs::read_to_string(&file).map_err(|e| {
                bad(format!("KAPAL_SECRET_KEY_FILE {file}: {e}."), "Make the file readable to this user.")
            })?;
            ("KAPAL_SECRET_KEY_FILE", key)
        }
        (None, None) => return Ok(None),
    };
    match Secret::from_base64(&value) {
        Some(secret) => Ok(Some(secret)),
        None => Err(bad(
            format!("{name} does not hold 32 bytes in base64."),
            "Make one with: openssl rand -base64 32",
        )),
    }
}

fn bucket() -> Result<Option<BucketSettings>, BadConfig> {
    let names = ["BUCKET", "ACCESS_KEY", "SECRET_KEY"].map(|name| format!("KAPAL_S3_{name}"));
    let (endpoint, region) = (text("KAPAL_S3_ENDPOINT"), text("KAPAL_S3_REGION"));
    if endpoint.as_ref().is_some_and(|url| !url.starts_with("http://") && !url.starts_with("https://")) {
        return Err(bad("KAPAL_S3_ENDPOINT is no address.", "Write it as https://s3.example.id."));
    }
    let is_alone = endpoint.is_none() && region.is_none();
    match names.each_ref().map(|name| text(name)) {
        [None, None, None] if is_alone => Ok(None),
        [Some(bucket), Some(access_key), Some(secret_key)] => Ok(Some(BucketSettings {
            bucket,
            endpoint: endpoint.map(|url| url.trim_end_matches('/').to_owned()),
            region: region.unwrap_or_else(|| "us-east-1".to_owned()),
            access_key,
            secret_key: secret_key.into(),
        })),
        _ => Err(bad(
            "Only some of the object store's settings are set.",
            format!("Set all of {}, or none to keep files in KAPAL_DATA_DIR.", names.join(", ")),
        )),
    }
}

fn service_urls() -> Result<Option<Urls>, BadConfig> {
    let names = ["APP", "PUBLIC", "IDENTITY", "OPS"].map(|role| format!("KAPAL_DATABASE_{role}_URL"));
    let [app, public, identity, ops] = names.each_ref().map(|name| text(name));
    match (app, public, identity, ops) {
        (None, None, None, None) => Ok(None),
        (Some(app), Some(public), Some(identity), Some(ops)) => Ok(Some(Urls { app, public, identity, ops })),
        _ => Err(bad(
            "Only some of the roles' addresses are set.",
            format!("Set all of {}.", names.join(", ")),
        )),
    }
}
