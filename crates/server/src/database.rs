//! Which database it is: the private PostgreSQL, started or joined, or a server of the user's own.

use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use anyhow::{Context, Result};
use kapal_persistence::{Db, Secret, Urls, Vault};
use kapal_server::postgres::{Options, Private, SUPERUSER};

use crate::config::DatabaseConfig;

/// The name of the database on the private server.
const NAME: &str = "kapal";

/// A database that is there. Dropped last: it stops the private server where this process started it.
pub struct Database {
    private: Option<Private>,
    owner_url: Option<String>,
    urls: Urls,
    root: Secret,
    pool_size: usize,
}

impl Database {
    /// Starts or joins the private server, or takes the addresses of the user's own. Blocks.
    pub fn open(config: &DatabaseConfig) -> Result<Self> {
        if let Some(owner_url) = &config.url {
            let Some(root) = config.secret.clone() else {
                unreachable!("the configuration refuses a missing secret")
            };
            let urls = match &config.service_urls {
                Some(urls) => urls.clone(),
                None => service_urls(owner_url, &root)?,
            };
            let owner_url = Some(owner_url.clone());
            return Ok(Self { private: None, owner_url, urls, root, pool_size: config.pool_size });
        }
        let private =
            Private::start(&config.data_dir, Options { test: false, binaries: config.binaries.clone() })?;
        let root = match &config.secret {
            Some(root) => root.clone(),
            None => secret_file(&config.data_dir.join("secret.key"))?,
        };
        let url = |role: &str| private.url(role, NAME);
        let urls = Urls {
            app: url("kapal_app"),
            public: url("kapal_public"),
            identity: url("kapal_identity"),
            ops: url("kapal_ops"),
        };
        Ok(Self {
            owner_url: Some(url("kapal_owner")),
            urls,
            root,
            pool_size: config.pool_size,
            private: Some(private),
        })
    }

    /// Brings the schema to this program's. Answers how many migrations were run.
    pub async fn migrate(&self) -> Result<usize> {
        if let Some(private) = &self.private {
            kapal_persistence::create_database(&private.url(SUPERUSER, "postgres"), NAME).await?;
        }
        let owner = self.owner_url.as_ref().context("No owner's address: set KAPAL_DATABASE_URL.")?;
        let passwords = if self.private.is_some() { None } else { Some(&self.root) };
        kapal_persistence::migrate(owner, &self.urls.ops, passwords).await.context("migrating the database")
    }

    /// The pools of the service roles.
    pub fn connect(&self) -> Db {
        Db::new(&self.urls, self.pool_size, Vault::new(&self.root))
    }

    /// Stops the private server where this process started it.
    pub fn close(self) {
        if let Some(private) = self.private {
            private.stop();
        }
    }
}

/// The addresses of the service roles on the owner's server, with the passwords that `migrate` gives them.
fn service_urls(owner_url: &str, root: &Secret) -> Result<Urls> {
    let (scheme, rest) =
        owner_url.split_once("://").context("KAPAL_DATABASE_URL is not postgres://user@host/database")?;
    let rest = rest.split_once('@').map_or(rest, |(_, rest)| rest);
    let url =
        |role: &str| format!("{scheme}://{role}:{}@{rest}", kapal_persistence::role_password(root, role));
    Ok(Urls {
        app: url("kapal_app"),
        public: url("kapal_public"),
        identity: url("kapal_identity"),
        ops: url("kapal_ops"),
    })
}

/// The root secret of the private server, made once. Only its owner may read it.
fn secret_file(path: &Path) -> Result<Secret> {
    match std::fs::read_to_string(path) {
        Ok(text) => {
            let mode = std::fs::metadata(path)?.mode() & 0o077;
            anyhow::ensure!(
                mode == 0,
                "{} can be read by others.\nWhat to do: chmod 600 {}",
                path.display(),
                path.display()
            );
            Secret::from_base64(&text).with_context(|| {
                format!(
                    "{} does not hold 32 bytes in base64.\nWhat to do: put the right key back.",
                    path.display()
                )
            })
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let secret = Secret::generate();
            let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
            std::io::Write::write_all(&mut file, secret.to_base64().as_bytes())?;
            file.sync_all()?;
            Ok(secret)
        }
        Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
    }
}
