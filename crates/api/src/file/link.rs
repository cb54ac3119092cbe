//! Links that open one file for some minutes: signed, so that nobody makes one, and for one reader, so that the audit
//! chain knows who.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use kapal_domain::Code;
use kapal_domain::file::FilePurpose;
use kapal_domain::ids::{AggregatorId, FileId, UserId};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::path::parse_id;
use crate::{App, Problem};

/// What a link says.
pub struct Link {
    aggregator: AggregatorId,
    file: FileId,
    by: UserId,
    purpose: FilePurpose,
    expires: i64,
}

impl Link {
    /// For one reader and purpose, until a moment.
    pub fn new(
        aggregator: AggregatorId,
        file: FileId,
        by: UserId,
        purpose: FilePurpose,
        expires: DateTime<Utc>,
    ) -> Self {
        Self { aggregator, file, by, purpose, expires: expires.timestamp() }
    }

    /// Its address.
    pub fn url(&self, app: &App) -> String {
        let Self { aggregator, file, by, purpose, expires } = self;
        let signature = URL_SAFE_NO_PAD.encode(self.signed(|parts| app.db.vault.links.mac(parts)));
        let base = &app.public_url;
        format!(
            "{base}/v1/files/{aggregator}/{file}?by={by}&purpose={purpose}&expires={expires}&signature={signature}"
        )
    }

    fn signed<T>(&self, sign: impl FnOnce(&[&[u8]]) -> T) -> T {
        sign(&[
            self.aggregator.uuid().as_bytes(),
            self.file.uuid().as_bytes(),
            self.by.uuid().as_bytes(),
            &self.expires.to_be_bytes(),
            self.purpose.as_str().as_bytes(),
        ])
    }
}

/// What stands in a link besides its path.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LinkQuery {
    /// Who asked for the link.
    #[param(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a13", format = "uuid")]
    by: String,
    /// What for.
    #[param(example = "verification", max_length = 20)]
    purpose: String,
    /// Until when it opens, in seconds since 1970.
    #[param(example = 1_795_489_200_i64, minimum = 0)]
    expires: i64,
    /// What only this server can make.
    #[param(example = "kYp3", max_length = 100)]
    signature: String,
}

impl LinkQuery {
    /// Who asked for the link and what for, where it is ours and still open.
    pub fn check(
        &self,
        app: &App,
        aggregator: AggregatorId,
        file: FileId,
    ) -> Result<(UserId, FilePurpose), Problem> {
        let forged = || Problem::new(Code::LinkForged);
        let by = parse_id::<UserId>(&self.by).map_err(|_| forged())?;
        let purpose = FilePurpose::parse(&self.purpose).map_err(|_| forged())?;
        let tag = URL_SAFE_NO_PAD.decode(&self.signature).map_err(|_| forged())?;
        let link = Link { aggregator, file, by, purpose, expires: self.expires };
        if !link.signed(|parts| app.db.vault.links.is_mac(parts, &tag)) {
            return Err(forged());
        }
        if self.expires < Utc::now().timestamp() {
            return Err(Code::LinkExpired.into());
        }
        Ok((by, purpose))
    }
}
