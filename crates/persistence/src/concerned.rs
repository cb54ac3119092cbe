//! Who is told of what happens to merchants: those whose role answers for all of them, and the others for those that
//! are theirs.

use std::collections::BTreeSet;

use diesel::sql_types::{Array, Bool, Text, Uuid as SqlUuid};
use diesel::{QueryDsl, QueryableByName};
use diesel_async::RunQueryDsl;
use kapal_domain::ids::AggregatorId;
use kapal_domain::locale::Locale;
use kapal_domain::permission::{Permission, Role};
use kapal_domain::user::Email;
use kapal_schema::aggregators;
use uuid::Uuid;

use crate::identity::stored;
use crate::mail::Letter;
use crate::sql::sql;
use crate::{OperatorTx, Result};

sql! {
    Concerned { aggregator: Uuid => SqlUuid, merchants: Vec<Uuid> => Array<SqlUuid>, roles: Vec<&'static str> => Array<Text> }
    "SELECT s.email, u.locale, s.role = ANY ($3) AS hears_all,
            coalesce(array_agg(a.merchant_id) FILTER (WHERE a.merchant_id IS NOT NULL), '{}') AS subjects
     FROM memberships s
     JOIN users u ON u.id = s.user_id
     LEFT JOIN merchant_access a ON a.aggregator_id = s.aggregator_id AND a.user_id = s.user_id AND a.merchant_id = ANY ($2)
     WHERE s.aggregator_id = $1 AND (s.role = ANY ($3) OR a.merchant_id IS NOT NULL)
     GROUP BY s.user_id, s.email, s.role, u.locale"
}

sql! {
    Entitled { aggregator: Uuid => SqlUuid, roles: Vec<&'static str> => Array<Text> }
    "SELECT s.email, u.locale, true AS hears_all, '{}'::uuid[] AS subjects
     FROM memberships s JOIN users u ON u.id = s.user_id
     WHERE s.aggregator_id = $1 AND s.role = ANY ($2)"
}

/// Somebody to be told, and of what.
#[derive(QueryableByName)]
pub(crate) struct Reader {
    #[diesel(sql_type = Text)]
    email: String,
    #[diesel(sql_type = Text)]
    locale: String,
    #[diesel(sql_type = Bool)]
    hears_all: bool,
    #[diesel(sql_type = Array<SqlUuid>)]
    subjects: Vec<Uuid>,
}

impl OperatorTx<'_> {
    /// One letter to each person with all the news, each of a merchant, that he has to know. Whoever has `hears_all` is
    /// told of every merchant.
    pub(crate) async fn tell<T>(
        &mut self,
        aggregator: Uuid,
        hears_all: Permission,
        news: &[(Uuid, T)],
        letter: impl for<'a> Fn(&'a str, &'a [&'a T]) -> Letter<'a>,
    ) -> Result<()> {
        if news.is_empty() {
            return Ok(());
        }
        let merchants: BTreeSet<_> = news.iter().map(|(merchant, _)| *merchant).collect();
        let merchants = merchants.into_iter().collect();
        let concerned = Concerned { aggregator, merchants, roles: roles_with(hears_all) };
        let readers = concerned.load::<Reader>(&mut **self).await?;
        self.write_to(readers, aggregator, news, letter).await
    }

    /// One letter with all the news to each person whose role has a permission.
    pub(crate) async fn tell_entitled<T>(
        &mut self,
        aggregator: Uuid,
        permission: Permission,
        news: &[(Uuid, T)],
        letter: impl for<'a> Fn(&'a str, &'a [&'a T]) -> Letter<'a>,
    ) -> Result<()> {
        let entitled = Entitled { aggregator, roles: roles_with(permission) };
        let readers = entitled.load::<Reader>(&mut **self).await?;
        self.write_to(readers, aggregator, news, letter).await
    }

    /// One letter to each reader with the news of his subjects.
    pub(crate) async fn write_to<T>(
        &mut self,
        readers: Vec<Reader>,
        aggregator: Uuid,
        news: &[(Uuid, T)],
        letter: impl for<'a> Fn(&'a str, &'a [&'a T]) -> Letter<'a>,
    ) -> Result<()> {
        if readers.is_empty() {
            return Ok(());
        }
        let name = aggregators::table
            .find(aggregator)
            .select(aggregators::name)
            .first::<String>(&mut **self)
            .await?;
        for reader in readers {
            let his = |subject: &Uuid| reader.hears_all || reader.subjects.contains(subject);
            let his: Vec<_> = news.iter().filter(|(subject, _)| his(subject)).map(|(_, one)| one).collect();
            if his.is_empty() {
                continue;
            }
            let locale = Locale::parse(&reader.locale).unwrap_or_default();
            let letter = letter(&name, &his).seal(&self.db.vault, AggregatorId::from(aggregator), locale)?;
            letter.post(self, &stored(Email::parse(&reader.email))?).await?;
        }
        Ok(())
    }
}

fn roles_with(permission: Permission) -> Vec<&'static str> {
    Role::ALL.iter().filter(|role| role.may(permission)).map(|role| role.as_str()).collect()
}
