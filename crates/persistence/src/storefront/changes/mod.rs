//! What changed in a storefront since a token (ADR 15). A token is a place in the log: of an aggregator a number in its own
//! and one in the platform's, of the nation a number in the nation's. A round goes from one place to the next: the events
//! between say what they may have touched, and each such thing is told as it is now, or as gone. What is read is never
//! older than the place that the round leads to, and whatever changes meanwhile has an event after it: so nothing is
//! missed, and what is told twice does no harm. The first round touches everything.

mod affected;
mod read;
mod token;

use std::collections::BTreeMap;

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kapal_domain::Code;
use kapal_domain::ids::AggregatorId;
use kapal_domain::locale::Locale;
use uuid::Uuid;

use self::affected::Affected;
use self::token::{At, Point, Token};
use super::{CountedCategory, ShownCollection, ShownMerchant, ShownProduct, Store};
use crate::db::lend;
use crate::search::Stretch;
use crate::statement::Statement;
use crate::{Db, Result};

/// An aggregator's id, and that of something of its own: the order in which things are told.
type Key = (Uuid, Uuid);

/// So many events are looked at in one round, those included that a storefront doesn't show.
const EVENTS: i64 = 20_000;

/// What kind of thing changed, in the order in which they are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangedKind {
    /// A category.
    Category,
    /// A merchant.
    Merchant,
    /// A collection.
    Collection,
    /// A product.
    Product,
}

impl ChangedKind {
    /// All of them, in their order.
    pub const ALL: [Self; 4] = [Self::Category, Self::Merchant, Self::Collection, Self::Product];

    /// As the API names it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Category => "category",
            Self::Merchant => "merchant",
            Self::Collection => "collection",
            Self::Product => "product",
        }
    }

    fn next(self) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind > self)
    }

    /// How many of it are read at a time: the products of a collection are counted one by one.
    const fn at_a_time(self) -> usize {
        match self {
            Self::Collection => 100,
            Self::Category | Self::Merchant | Self::Product => usize::MAX,
        }
    }
}

/// A thing as lists show it.
#[derive(Debug, Clone)]
pub enum ChangedThing {
    /// A category that has products.
    Category(CountedCategory),
    /// An active merchant.
    Merchant(ShownMerchant),
    /// A running collection.
    Collection(ShownCollection),
    /// A published product.
    Product(Box<ShownProduct>),
}

/// What became of one thing.
#[derive(Debug, Clone)]
pub struct Changed {
    /// What it is.
    pub kind: ChangedKind,
    /// Its id.
    pub id: Uuid,
    /// As it is now; None when the storefront no longer has it.
    pub thing: Option<ChangedThing>,
}

/// Some of what changed.
#[derive(Debug)]
pub struct Changes {
    /// In no order that means something.
    pub changes: Vec<Changed>,
    /// Of which state of the storefront it tells, as a number that grows.
    pub state: i64,
    /// The token to go on with.
    pub next: String,
    /// Whether there is more to be had now.
    pub has_more: bool,
    /// Whether a round ended: a token of the first round is then that of the whole catalogue.
    pub is_whole: bool,
}

/// Which things of a kind are read.
enum Pick {
    /// So many that follow this one.
    After(Key, usize),
    /// These.
    These(Vec<Key>),
}

/// A storefront, and where its log ends.
struct Standing {
    /// None for the nation.
    of: Option<AggregatorId>,
    end: Point,
}

impl Standing {
    /// What a token is bound to.
    fn list(&self) -> String {
        match self.of {
            Some(aggregator) => format!("changes {aggregator}"),
            None => "changes nation".to_owned(),
        }
    }
}

#[derive(QueryableByName)]
struct Ends {
    #[diesel(sql_type = SqlUuid)]
    aggregator_id: Uuid,
    #[diesel(sql_type = BigInt)]
    own: i64,
    #[diesel(sql_type = BigInt)]
    platform: i64,
}

impl Db {
    /// What changed in a storefront since a token, at most so many things; without a token, everything. The things are
    /// told in the asked language.
    pub async fn storefront_changes(
        &self,
        store: &Store,
        locale: Locale,
        since: Option<&str>,
        limit: usize,
    ) -> Result<Changes> {
        let standing = self.standing(store).await?;
        let list = standing.list();
        let token = since.map(|since| Token::decode(since, &self.vault, &list)).transpose()?;
        let (from, mut upto, at) = match token {
            None => (None, standing.end, At::START),
            Some(Token { from, upto, at: Some(at) }) => (from, upto, at),
            Some(Token { upto, at: None, .. }) if upto == standing.end => {
                let token = Token { from: Some(upto), upto, at: None };
                let next = token.encode(&self.vault, &list);
                let changes = Vec::new();
                return Ok(Changes { changes, state: upto.state(), next, has_more: false, is_whole: true });
            }
            Some(Token { upto, at: None, .. }) => (Some(upto), standing.end, At::START),
        };
        let affected = match from {
            None => None,
            Some(from) => {
                let (stretches, reached) = self.stretches(standing.of, from, upto).await?;
                upto = reached;
                Some(self.affected(&stretches).await?)
            }
        };
        let (changes, at) = self.told(store, standing.of, locale, affected.as_ref(), at, limit).await?;
        let from = if at.is_some() { from } else { Some(upto) };
        let has_more = at.is_some() || upto != standing.end;
        let is_whole = at.is_none();
        let next = Token { from, upto, at }.encode(&self.vault, &list);
        Ok(Changes { changes, state: upto.state(), next, has_more, is_whole })
    }

    /// Where the log of an open storefront ends: taken before anything is read.
    async fn standing(&self, store: &Store) -> Result<Standing> {
        if store.aggregator.is_none() {
            let end = Point { own: self.tell_nation().await?, platform: 0 };
            return Ok(Standing { of: None, end });
        }
        let statement = Statement::new(
            "SELECT a.id AS aggregator_id, h.public_seq AS own, p.public_seq AS platform FROM published_aggregators a \
             JOIN tenant_heads h ON h.aggregator_id = a.id JOIN tenant_heads p ON p.aggregator_id = ",
        )
        .bind(AggregatorId::PLATFORM.uuid())
        .sql(" WHERE ")
        .in_store(store);
        let mut connection = lend(&self.public).await?;
        let ends = statement.get_result::<Ends>(&mut connection).await?;
        let end = Point { own: ends.own, platform: ends.platform };
        Ok(Standing { of: Some(ends.aggregator_id.into()), end })
    }

    /// The stretches of the tenants' logs from one place to another, or as far as a round goes, and how far that is. The
    /// same places give the same stretches. A log that ends before it began, or that has lost its beginning, tells nothing.
    async fn stretches(
        &self,
        of: Option<AggregatorId>,
        from: Point,
        upto: Point,
    ) -> Result<(Vec<Stretch>, Point)> {
        if upto.own < from.own || upto.platform < from.platform {
            return Err(Code::SyncTokenExpired.into());
        }
        let Some(own) = of else {
            let found = self.nation_stretches(from.own, upto.own, EVENTS).await?;
            let (stretches, own) = found.ok_or(Code::SyncTokenExpired)?;
            return Ok((stretches, Point { own, platform: 0 }));
        };
        let reached = Point {
            own: upto.own.min(from.own + EVENTS),
            platform: upto.platform.min(from.platform + EVENTS),
        };
        let stretches = [
            Stretch { aggregator: own, after: from.own, upto: reached.own },
            Stretch { aggregator: AggregatorId::PLATFORM, after: from.platform, upto: reached.platform },
        ];
        Ok((stretches.into_iter().filter(|s| s.after < s.upto).collect(), reached))
    }

    /// So many of the affected things, or of all, from a place in their order on; and where it goes on.
    async fn told(
        &self,
        store: &Store,
        of: Option<AggregatorId>,
        locale: Locale,
        affected: Option<&Affected>,
        mut at: At,
        limit: usize,
    ) -> Result<(Vec<Changed>, Option<At>)> {
        let mut changes = Vec::new();
        while changes.len() < limit {
            let wanted = (limit - changes.len()).min(at.kind.at_a_time());
            let pick = match affected {
                None => Pick::After(at.after, wanted),
                Some(affected) => Pick::These(self.keys(affected, of, at, wanted).await?),
            };
            let mut things = match pick {
                Pick::These(ref keys) if keys.is_empty() => BTreeMap::new(),
                ref pick => self.things(at.kind, store, of, locale, pick).await?,
            };
            let keys = match pick {
                Pick::These(keys) => keys,
                Pick::After(..) => things.keys().copied().collect(),
            };
            let (found, last) = (keys.len(), keys.last().copied());
            let kind = at.kind;
            changes.extend(keys.into_iter().map(|key| Changed {
                kind,
                id: key.1,
                thing: things.remove(&key),
            }));
            if found < wanted {
                match kind.next() {
                    Some(kind) => at = At { kind, ..At::START },
                    None => return Ok((changes, None)),
                }
            } else if let Some(last) = last {
                at.after = last;
            }
        }
        Ok((changes, Some(at)))
    }
}
