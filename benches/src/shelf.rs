//! The demonstration's catalogue grown to the asked number of products: new ones with names and descriptions of real
//! words in their natural frequency, loaded by COPY into the tables that staff write, and shown by the projection's own
//! SQL.

use std::collections::HashMap;

use anyhow::{Context, Result};
use tokio_postgres::Client;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{IsNull, ToSql, Type};
use uuid::Uuid;

use crate::server::Kapal;

const PROJECT_PRODUCTS: &str = include_str!("../../crates/persistence/src/sql/project_products.sql");
const REGIONAL: &str = include_str!("../../crates/server/data/asal.csv");
const EDITIONS: &str = include_str!("../../crates/server/data/ragam.csv");
const SENTENCES: &str = include_str!("../../crates/server/data/kalimat.csv");

/// Words of a description.
const DESCRIPTION: usize = 24;

/// A sequence that is the same at each run (xorshift).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// One of `n` by Zipf's law: the second half as often as the first, the third a third as often.
    fn rank(&mut self, n: usize) -> usize {
        // The inverse of the harmonic sum, which is nearly a logarithm.
        let most = (n as f64 + 1.0).ln();
        (((self.unit() * most).exp() - 1.0) as usize).min(n - 1)
    }

    fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.rank(all.len())]
    }
}

/// The words of the demonstration's own texts, the commonest first.
fn vocabulary(files: &[&str]) -> Vec<String> {
    let mut counts = HashMap::<String, usize>::new();
    for word in files.iter().flat_map(|file| file.split(|c: char| !c.is_alphabetic())) {
        if word.len() > 1 {
            *counts.entry(word.to_lowercase()).or_default() += 1;
        }
    }
    let mut words: Vec<_> = counts.into_iter().collect();
    words.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    words.into_iter().map(|(word, _)| word).collect()
}

/// A published product that new ones are like, but for their texts and prices.
struct Model {
    aggregator: Uuid,
    product: Uuid,
    merchant: Uuid,
    name: String,
}

/// Makes published products until there are `wanted`, then analyses.
pub async fn grow(kapal: &Kapal, wanted: usize) -> Result<()> {
    let database = kapal.superuser().await?;
    let models: Vec<Model> = database
        .query(
            "SELECT d.aggregator_id::text, d.product_id::text, d.merchant_id::text, d.name FROM search_documents d \
             JOIN published_aggregators a ON a.id = d.aggregator_id \
             WHERE d.locale = 'id' AND d.slug NOT LIKE 'bench-%' ORDER BY a.slug, d.slug",
            &[],
        )
        .await?
        .iter()
        .map(|row| {
            let id = |at| Ok::<_, anyhow::Error>(Uuid::try_parse(row.get::<_, &str>(at))?);
            Ok(Model { aggregator: id(0)?, product: id(1)?, merchant: id(2)?, name: row.get(3) })
        })
        .collect::<Result<_>>()?;
    let there = "SELECT count(*) FROM search_documents WHERE locale = 'id'";
    let there = usize::try_from(database.query_one(there, &[]).await?.get::<_, i64>(0))?;
    database
        .batch_execute(
            "SET session_replication_role = replica; SET synchronous_commit = off;
             CREATE TABLE bench_products (
                aggregator_id uuid, old uuid, new uuid, slug text, name text, description text, price bigint, age integer
             )",
        )
        .await?;
    copy(&database, &models, there..wanted).await?;
    for (table, key, others) in [
        (
            "products",
            "id",
            "slug = c.slug; is_mutiara = false; stars = NULL; \
            published_at = t.published_at - c.age * interval '1 minute'",
        ),
        ("product_translations", "product_id", "name = c.name; description = c.description"),
        ("product_variants", "product_id", "id = gen_random_uuid(); price_minor = c.price"),
        ("product_media", "product_id", ""),
    ] {
        insert_like(&database, table, key, others).await.with_context(|| format!("filling {table}"))?;
    }
    database.batch_execute("ANALYZE; SET session_replication_role = origin").await?;
    project(kapal, &models).await?;
    // One by one: several statements at once are a transaction, in which nothing can be vacuumed.
    for statement in ["DROP TABLE bench_products", "VACUUM ANALYZE search_documents", "ANALYZE", "CHECKPOINT"]
    {
        database.batch_execute(statement).await?;
    }
    Ok(())
}

/// New products by COPY.
async fn copy(database: &Client, models: &[Model], numbers: std::ops::Range<usize>) -> Result<()> {
    let words = vocabulary(&[REGIONAL, EDITIONS, SENTENCES]);
    let mut chance = Chance(0x4B61_7061_6C21 + numbers.start as u64);
    let sink = database.copy_in("COPY bench_products FROM STDIN (FORMAT binary)").await?;
    let types =
        [Type::UUID, Type::UUID, Type::UUID, Type::TEXT, Type::TEXT, Type::TEXT, Type::INT8, Type::INT4];
    let writer = BinaryCopyInWriter::new(sink, &types);
    let mut writer = std::pin::pin!(writer);
    for n in numbers {
        let model = chance.pick(models);
        // As shops name them: what it is, and a word of their own.
        let name = format!("{} {}", model.name, chance.pick(&words));
        let description: Vec<_> = (0..DESCRIPTION).map(|_| chance.pick(&words).as_str()).collect();
        let price = (5_000.0 * (chance.unit() * 5.5).exp() / 500.0).round() as i64 * 500;
        let age = i32::try_from(n).unwrap_or(i32::MAX);
        let slug = format!("bench-{n}");
        let description = description.join(" ");
        let (aggregator, old, new) = (Id(model.aggregator), Id(model.product), Id(Uuid::now_v7()));
        let row: [&(dyn ToSql + Sync); 8] =
            [&aggregator, &old, &new, &slug, &name, &description, &price, &age];
        writer.as_mut().write(&row).await?;
    }
    writer.finish().await?;
    Ok(())
}

/// A UUID as the binary COPY wants it.
#[derive(Debug)]
struct Id(Uuid);

impl ToSql for Id {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut bytes::BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        out.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::UUID
    }

    tokio_postgres::types::to_sql_checked!();
}

/// Rows like those of the models, under the new ids: whatever columns the table has.
async fn insert_like(database: &Client, table: &str, key: &str, others: &str) -> Result<()> {
    let columns = database
        .query(
            "SELECT attname::text FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 \
             AND NOT attisdropped AND attgenerated = '' ORDER BY attnum",
            &[&table],
        )
        .await?;
    let columns: Vec<String> = columns.iter().map(|row| row.get(0)).collect();
    let values = columns.iter().map(|column| {
        let changed = others.split("; ").find_map(|o| o.trim().strip_prefix(&format!("{column} = ")));
        match changed {
            _ if column == key => "c.new".to_owned(),
            Some(value) => value.to_owned(),
            None => format!("t.{column}"),
        }
    });
    let values = values.collect::<Vec<_>>().join(", ");
    let columns = columns.join(", ");
    let copied = format!(
        "INSERT INTO {table} ({columns}) SELECT {values} FROM {table} t \
         JOIN bench_products c ON c.aggregator_id = t.aggregator_id AND c.old = t.{key}"
    );
    database.batch_execute(&copied).await?;
    Ok(())
}

/// Shows the products of each merchant, on as many connections as there are cores.
async fn project(kapal: &Kapal, models: &[Model]) -> Result<()> {
    let mut merchants: Vec<_> = models.iter().map(|model| (model.aggregator, model.merchant)).collect();
    merchants.sort();
    merchants.dedup();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut running = Vec::new();
    for core in 0..cores {
        let database = kapal.superuser().await?;
        let share: Vec<_> = merchants.iter().skip(core).step_by(cores).copied().collect();
        running.push(tokio::spawn(async move {
            database.batch_execute("SET synchronous_commit = off; SET jit = off").await?;
            let project =
                database.prepare_typed(PROJECT_PRODUCTS, &[Type::UUID, Type::UUID, Type::UUID]).await?;
            for (aggregator, merchant) in share {
                database.execute(&project, &[&Id(aggregator), &None::<Id>, &Id(merchant)]).await?;
            }
            Ok::<_, anyhow::Error>(())
        }));
    }
    for one in running {
        one.await??;
    }
    Ok(())
}
