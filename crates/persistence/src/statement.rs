//! A statement put together at run time from constant pieces and bound values, for lists whose filters come and go.
//! No piece comes from a request: a value can only be bound.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Date, Float, SmallInt, Text, Timestamptz, Untyped, Uuid as SqlUuid};
use kapal_domain::ids::UserId;
use kapal_domain::region::RegionCode;
use uuid::Uuid;

use crate::merchant_list::words;

/// The statement so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Statement {
    pieces: Vec<Piece>,
    planned_anew: bool,
}

#[derive(Debug, Clone)]
enum Piece {
    Sql(&'static str),
    Bound(Bound),
}

/// A value in a statement.
#[derive(Debug, Clone)]
pub(crate) enum Bound {
    Uuid(Uuid),
    Uuids(Vec<Uuid>),
    Text(String),
    Texts(Vec<String>),
    Time(DateTime<Utc>),
    Day(NaiveDate),
    Int(i64),
    Small(i16),
    Float(f32),
}

macro_rules! bound {
    ($($type:ty => $variant:ident),+ $(,)?) => {$(
        impl From<$type> for Bound {
            fn from(value: $type) -> Self {
                Self::$variant(value)
            }
        }
    )+};
}
bound! {
    Uuid => Uuid, Vec<Uuid> => Uuids, String => Text, Vec<String> => Texts, DateTime<Utc> => Time, NaiveDate => Day,
    i64 => Int, i16 => Small, f32 => Float,
}

impl From<&str> for Bound {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl Statement {
    /// A statement that begins so.
    pub fn new(sql: &'static str) -> Self {
        Self::default().sql(sql)
    }

    /// Appends SQL.
    pub fn sql(mut self, sql: &'static str) -> Self {
        self.pieces.push(Piece::Sql(sql));
        self
    }

    /// Appends a value.
    pub fn bind(mut self, value: impl Into<Bound>) -> Self {
        self.pieces.push(Piece::Bound(value.into()));
        self
    }

    /// Appends another statement.
    pub fn append(mut self, other: Self) -> Self {
        self.pieces.extend(other.pieces);
        self
    }

    /// Appends what `add` appends, where there is a value.
    pub fn with<T>(self, value: Option<T>, add: impl FnOnce(Self, T) -> Self) -> Self {
        match value {
            Some(value) => add(self, value),
            None => self,
        }
    }

    /// Appends that the merchant `m` is in this region or below it, in words that an index answers under row security.
    pub fn in_region(self, region: &RegionCode) -> Self {
        // The slash follows the point: so from 53 on up to what follows all of 53.xx.
        let end = format!("{}/", region.as_str());
        self.sql(" AND m.region_code COLLATE \"C\" >= ")
            .bind(region.as_str())
            .sql(" AND m.region_code COLLATE \"C\" < ")
            .bind(end)
    }

    /// Appends that the merchant `m` is mentored by this hero of the tenant.
    pub fn mentored_by(self, tenant: Uuid, hero: UserId) -> Self {
        self.sql(
            " AND m.id IN (SELECT a.merchant_id FROM merchant_access a WHERE a.kind = 'hero' AND a.aggregator_id = ",
        )
        .bind(tenant)
        .sql(" AND a.user_id = ")
        .bind(hero.uuid())
        .sql(")")
    }

    /// Appends that the merchant `m` of the tenant has a word that begins so for each word of a text.
    pub fn named(mut self, tenant: Uuid, text: &str) -> Self {
        for word in words(text).into_iter().take(crate::MAX_WORDS) {
            let end = format!("{word}{}", char::MAX);
            self = self
                .sql(" AND m.id IN (SELECT w.merchant_id FROM merchant_words w WHERE w.aggregator_id = ")
                .bind(tenant)
                .sql(" AND w.word >= ")
                .bind(word)
                .sql(" AND w.word < ")
                .bind(end)
                .sql(")");
        }
        self
    }

    /// Appends that a text has a word that begins so for each word of another: for lists that are short enough to look at
    /// each row.
    pub fn worded(mut self, column: &'static str, text: &str) -> Self {
        for word in words(text).into_iter().take(crate::MAX_WORDS) {
            // Letters and digits alone: nothing in it means something in a pattern.
            let pattern = format!("(^|[^[:alnum:]]){word}");
            self = self.sql(" AND lower(").sql(column).sql(") ~ ").bind(pattern);
        }
        self
    }

    /// Appends that a column is any of these; nothing for none.
    pub fn any_of(self, column: &'static str, values: impl IntoIterator<Item = &'static str>) -> Self {
        let values: Vec<String> = values.into_iter().map(str::to_owned).collect();
        if values.is_empty() {
            return self;
        }
        self.sql(" AND ").sql(column).sql(" = ANY (").bind(values).sql(")")
    }

    /// Appends where a page begins: `follows` compares a pair of columns with the cursor's.
    pub fn beyond(self, follows: &'static str, place: (impl Into<Bound>, Uuid)) -> Self {
        self.sql(follows).bind(place.0).sql(", ").bind(place.1).sql(")")
    }

    /// Appends where a page begins in an order by the merchant's name: the first comparison is one that its index answers.
    pub fn beyond_name(self, from: &'static str, follows: &'static str, place: (String, Uuid)) -> Self {
        self.sql(from).bind(place.0.clone()).beyond(follows, place)
    }

    /// Appends the order and how many rows, and one more, by which a further page is known.
    pub fn page(self, order: &'static str, limit: usize) -> Self {
        self.sql(order).sql(" LIMIT ").bind(i64::try_from(limit + 1).unwrap_or(i64::MAX))
    }

    /// Says that the best plan depends on the values: it is made for each execution, and nothing is kept prepared, so
    /// that no series of requests can fill a connection with statements.
    pub fn planned_anew(mut self) -> Self {
        self.planned_anew = true;
        self
    }
}

impl QueryFragment<Pg> for Statement {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> diesel::QueryResult<()> {
        if self.planned_anew {
            out.unsafe_to_cache_prepared();
        }
        for piece in &self.pieces {
            match piece {
                Piece::Sql(sql) => out.push_sql(sql),
                Piece::Bound(Bound::Uuid(value)) => out.push_bind_param::<SqlUuid, _>(value)?,
                Piece::Bound(Bound::Uuids(value)) => out.push_bind_param::<Array<SqlUuid>, _>(value)?,
                Piece::Bound(Bound::Text(value)) => out.push_bind_param::<Text, _>(value)?,
                Piece::Bound(Bound::Texts(value)) => out.push_bind_param::<Array<Text>, _>(value)?,
                Piece::Bound(Bound::Time(value)) => out.push_bind_param::<Timestamptz, _>(value)?,
                Piece::Bound(Bound::Day(value)) => out.push_bind_param::<Date, _>(value)?,
                Piece::Bound(Bound::Int(value)) => out.push_bind_param::<BigInt, _>(value)?,
                Piece::Bound(Bound::Small(value)) => out.push_bind_param::<SmallInt, _>(value)?,
                Piece::Bound(Bound::Float(value)) => out.push_bind_param::<Float, _>(value)?,
            }
        }
        Ok(())
    }
}

// Without a static id: statements are told apart by their text.
impl QueryId for Statement {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Statement {
    type SqlType = Untyped;
}

impl<C> diesel::RunQueryDsl<C> for Statement {}
