//! Gates: which documents a category's products need. The operator edits them; when one is set, goes, or its day comes,
//! the worker looks at the category's products again.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::sql_types::{BigInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{ExpressionMethods, QueryDsl, Queryable, QueryableByName, Selectable, SelectableHelper};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::gate::{Gate, MandatoryFrom};
use kapal_domain::ids::{AggregatorId, CategoryId, ProductId};
use kapal_domain::legality::DocumentKind;
use kapal_domain::locale::{Bilingual, Locale};
use kapal_domain::{Code, Refusal};
use kapal_schema::{category_gates, gate_turns};
use serde_json::json;
use uuid::Uuid;

use crate::db::lend;
use crate::identity::stored;
use crate::sql::sql;
use crate::{Actor, CategoryRow, Change, Db, OperatorTx, Result, Subject, TenantTx};

/// A gate as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = category_gates, check_for_backend(diesel::pg::Pg))]
pub struct GateRow {
    /// Whose products need the document; those of its branches too.
    pub category_id: Uuid,
    /// Which document.
    pub document: String,
    /// Another kind that serves as well.
    pub instead: Option<String>,
    /// How its number begins.
    pub number_prefix: Option<String>,
    /// From when on for micro businesses.
    pub micro_from: Option<NaiveDate>,
    /// From when on for small ones.
    pub small_from: Option<NaiveDate>,
    /// From when on for medium ones.
    pub medium_from: Option<NaiveDate>,
    /// Why, in Indonesian.
    pub reason_id: String,
    /// Why, in English.
    pub reason_en: String,
    /// By which rule.
    pub source: String,
}

impl GateRow {
    fn new(category: CategoryId, gate: &Gate) -> Self {
        Self {
            category_id: category.uuid(),
            document: gate.document.as_str().to_owned(),
            instead: gate.instead.map(|kind| kind.as_str().to_owned()),
            number_prefix: gate.number_prefix.as_ref().map(|prefix| prefix.as_str().to_owned()),
            micro_from: gate.mandatory_from.micro,
            small_from: gate.mandatory_from.small,
            medium_from: gate.mandatory_from.medium,
            reason_id: gate.reason.id.to_string(),
            reason_en: gate.reason.en.to_string(),
            source: gate.source.to_string(),
        }
    }

    fn mandatory_from(&self) -> MandatoryFrom {
        MandatoryFrom { micro: self.micro_from, small: self.small_from, medium: self.medium_from }
    }
}

sql! {
    ShutGates { aggregator: Uuid => SqlUuid, product: Uuid => SqlUuid }
    "SELECT document, instead, number_prefix, reason_id, reason_en, source FROM app.shut_gates($1, $2)"
}

#[derive(QueryableByName)]
struct Shut {
    #[diesel(sql_type = Text)]
    document: String,
    #[diesel(sql_type = diesel::sql_types::Nullable<Text>)]
    instead: Option<String>,
    #[diesel(sql_type = diesel::sql_types::Nullable<Text>)]
    number_prefix: Option<String>,
    #[diesel(sql_type = Text)]
    reason_id: String,
    #[diesel(sql_type = Text)]
    reason_en: String,
    #[diesel(sql_type = Text)]
    source: String,
}

impl Shut {
    /// Such as "P-IRT or BPOM number (Processed food needs ..; Peraturan BPOM 22/2018)".
    fn text(&self, locale: Locale) -> Result<String> {
        let (or, reason) = match locale {
            Locale::Id => ("atau", &self.reason_id),
            Locale::En => ("or", &self.reason_en),
        };
        let mut text = stored(DocumentKind::parse(&self.document))?.name(locale).to_owned();
        if let Some(prefix) = &self.number_prefix {
            text = format!("{text} {prefix}");
        }
        if let Some(instead) = &self.instead {
            text = format!("{text} {or} {}", stored(DocumentKind::parse(instead))?.name(locale));
        }
        Ok(format!("{text} ({} {})", reason, self.source))
    }
}

impl Db {
    /// All gates, by category and document.
    pub async fn gates(&self) -> Result<Vec<GateRow>> {
        let mut connection = lend(&self.public).await?;
        Ok(category_gates::table
            .order((category_gates::category_id, category_gates::document))
            .select(GateRow::as_select())
            .load(&mut connection)
            .await?)
    }
}

impl TenantTx<'_> {
    /// Refuses unless the merchant has every document that the product's category demands today.
    pub(crate) async fn check_gates(&mut self, product: ProductId) -> Result<()> {
        let query = ShutGates { aggregator: self.tenant(), product: product.uuid() };
        let shut = query.load::<Shut>(&mut **self).await?;
        if shut.is_empty() {
            return Ok(());
        }
        let list = |locale| -> Result<String> {
            Ok(shut.iter().map(|gate| gate.text(locale)).collect::<Result<Vec<_>>>()?.join("; "))
        };
        let detail = Bilingual {
            id: format!("Belum ada yang terverifikasi dan masih berlaku: {}.", list(Locale::Id)?),
            en: format!("None that is verified and still valid: {}.", list(Locale::En)?),
        };
        Err(Refusal::explained(Code::GateDocumentMissing, detail).into())
    }
}

impl OperatorTx<'_> {
    /// All gates, by category and document.
    pub async fn gates(&mut self) -> Result<Vec<GateRow>> {
        Ok(category_gates::table
            .order((category_gates::category_id, category_gates::document))
            .select(GateRow::as_select())
            .load(&mut **self)
            .await?)
    }

    /// The gates that a category has itself.
    pub async fn gates_of(&mut self, category: CategoryId) -> Result<(CategoryRow, Vec<GateRow>)> {
        let row = self.category(category).await?;
        Ok((row, self.own_gates(category).await?))
    }

    /// Replaces the gates of a category whose version is still `expected`. The same once more changes nothing.
    pub async fn replace_gates(
        &mut self,
        category: CategoryId,
        expected: i32,
        gates: &[Gate],
    ) -> Result<(CategoryRow, Vec<GateRow>)> {
        let row = self.lock_category(category, expected).await?;
        let before = self.own_gates(category).await?;
        let mut after: Vec<_> = gates.iter().map(|gate| GateRow::new(category, gate)).collect();
        after.sort_by(|a, b| a.document.cmp(&b.document));
        if before == after {
            return Ok((row, before));
        }
        diesel::delete(category_gates::table.filter(category_gates::category_id.eq(category.uuid())))
            .execute(&mut **self)
            .await?;
        for gate in &after {
            diesel::insert_into(category_gates::table)
                .values((
                    category_gates::category_id.eq(gate.category_id),
                    category_gates::document.eq(&gate.document),
                    category_gates::instead.eq(&gate.instead),
                    category_gates::number_prefix.eq(&gate.number_prefix),
                    category_gates::micro_from.eq(gate.micro_from),
                    category_gates::small_from.eq(gate.small_from),
                    category_gates::medium_from.eq(gate.medium_from),
                    category_gates::reason_id.eq(&gate.reason_id),
                    category_gates::reason_en.eq(&gate.reason_en),
                    category_gates::source.eq(&gate.source),
                ))
                .execute(&mut **self)
                .await?;
        }
        let row = self.touch_category(category).await?;
        self.record(
            AggregatorId::PLATFORM,
            Change::new(EventKind::CategoryGatesChanged, Subject("category", row.id))
                .data(json!({ "slug": row.slug }))
                .from_to(facts(&before), facts(&after)),
        );
        Ok((row, after))
    }

    /// Has the worker look at what is published in a category and below it.
    pub(crate) async fn turn_gates_of(&mut self, category: CategoryId) -> Result<()> {
        let now = Utc::now();
        diesel::insert_into(gate_turns::table)
            .values((gate_turns::category_id.eq(category.uuid()), gate_turns::next_turn_at.eq(now)))
            .on_conflict(gate_turns::category_id)
            .do_update()
            .set(gate_turns::next_turn_at.eq(now))
            .execute(&mut **self)
            .await?;
        Ok(())
    }

    async fn own_gates(&mut self, category: CategoryId) -> Result<Vec<GateRow>> {
        Ok(category_gates::table
            .filter(category_gates::category_id.eq(category.uuid()))
            .order(category_gates::document)
            .select(GateRow::as_select())
            .load(&mut **self)
            .await?)
    }
}

fn facts(gates: &[GateRow]) -> serde_json::Value {
    gates
        .iter()
        .map(|gate| {
            json!({
                "document": gate.document, "instead": gate.instead, "number_prefix": gate.number_prefix,
                "micro_from": gate.micro_from, "small_from": gate.small_from, "medium_from": gate.medium_from,
                "source": gate.source,
            })
        })
        .collect()
}

sql! {
    // A restricted merchant's products are looked at when the restriction is lifted.
    Sellers { category: Uuid => SqlUuid }
    "WITH RECURSIVE below AS (
        SELECT c.id FROM categories c WHERE c.id = $1
        UNION ALL
        SELECT c.id FROM below JOIN categories c ON c.parent_id = below.id
     )
     SELECT DISTINCT p.aggregator_id, p.merchant_id FROM products p
     WHERE p.status = 'published' AND p.category_id IN (SELECT id FROM below) AND NOT EXISTS (
        SELECT FROM restrictions r WHERE r.aggregator_id = p.aggregator_id AND r.merchant_id = p.merchant_id)
     ORDER BY p.aggregator_id, p.merchant_id"
}

#[derive(QueryableByName)]
struct Seller {
    #[diesel(sql_type = SqlUuid)]
    aggregator_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    merchant_id: Uuid,
}

sql! {
    LockSeller { aggregator: Uuid => SqlUuid, merchant: Uuid => SqlUuid }
    "SELECT 1 FROM merchants WHERE aggregator_id = $1 AND id = $2 FOR NO KEY UPDATE"
}

sql! {
    // How many products are shown, and a digest of all that is shown of them.
    Shown { aggregator: Uuid => SqlUuid, merchant: Uuid => SqlUuid }
    "SELECT count(DISTINCT d.product_id) AS count, coalesce(md5(string_agg(md5(d::text || p.details::text), ''
        ORDER BY d.product_id, d.locale)), '') AS digest
     FROM search_documents d
     JOIN published_products p ON p.aggregator_id = d.aggregator_id AND p.id = d.product_id
     WHERE d.aggregator_id = $1 AND d.merchant_id = $2"
}

#[derive(QueryableByName, PartialEq)]
struct Shelf {
    #[diesel(sql_type = BigInt)]
    count: i64,
    #[diesel(sql_type = Text)]
    digest: String,
}

sql! {
    // Unless the gates have changed again meanwhile.
    NextTurn { category: Uuid => SqlUuid, seen: DateTime<Utc> => Timestamptz, next: Option<DateTime<Utc>> => diesel::sql_types::Nullable<Timestamptz> }
    "WITH gone AS (DELETE FROM gate_turns WHERE category_id = $1 AND next_turn_at = $2 AND $3::timestamptz IS NULL)
     UPDATE gate_turns SET next_turn_at = $3 WHERE category_id = $1 AND next_turn_at = $2 AND $3 IS NOT NULL"
}

impl Db {
    /// Looks at the products of every category that was changed, or whose gates have a turn; of how many merchants what
    /// is shown changed.
    pub async fn turn_gates(&self) -> Result<usize> {
        let now = Utc::now();
        let mut tx = self.operator(Actor::System, "gates").await?;
        let due = gate_turns::table
            .filter(gate_turns::next_turn_at.le(now))
            .select((gate_turns::category_id, gate_turns::next_turn_at))
            .load::<(Uuid, DateTime<Utc>)>(&mut *tx)
            .await?;
        tx.commit().await?;
        let mut turned = 0;
        for (category, seen) in due {
            let mut tx = self.operator(Actor::System, "gates").await?;
            let sellers = Sellers { category }.load::<Seller>(&mut *tx).await?;
            tx.commit().await?;
            for seller in sellers {
                turned += usize::from(self.turn_seller(category, &seller).await?);
            }
            let mut tx = self.operator(Actor::System, "gates").await?;
            let gates = tx.own_gates(category.into()).await?;
            let next = gates.iter().filter_map(|gate| gate.mandatory_from().next_turn(now)).min();
            NextTurn { category, seen, next }.execute(&mut *tx).await?;
            tx.commit().await?;
        }
        Ok(turned)
    }

    async fn turn_seller(&self, category: Uuid, seller: &Seller) -> Result<bool> {
        let (aggregator, merchant) = (seller.aggregator_id, seller.merchant_id);
        let mut tx = self.operator(Actor::System, "gates").await?;
        LockSeller { aggregator, merchant }.execute(&mut *tx).await?;
        let before = Shown { aggregator, merchant }.get_result::<Shelf>(&mut *tx).await?;
        tx.project_products_of(aggregator.into(), merchant.into()).await?;
        let after = Shown { aggregator, merchant }.get_result::<Shelf>(&mut *tx).await?;
        if before != after {
            let change = Change::new(EventKind::MerchantGatesTurned, Subject("merchant", merchant));
            tx.record(
                aggregator.into(),
                change
                    .data(json!({ "category_id": category, "shown": after.count }))
                    .from_to(json!({ "shown": before.count }), json!({ "shown": after.count })),
            );
        }
        tx.commit().await?;
        Ok(before != after)
    }
}
