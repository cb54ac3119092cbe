//! One transaction on one lent connection. BEGIN and the tenant's settings travel with the first query in one flush;
//! whatever ends other than by an answered COMMIT or ROLLBACK takes the connection out of the pool, so that a request
//! that is dropped half-way leaves its transaction to nobody.

use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::{QueryResult, sql_types};
use diesel_async::{AsyncConnectionCore, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join, try_join};
use uuid::Uuid;

use crate::Result;
use crate::db::{Connection, Pool, STATEMENTS, lend};

/// What a transaction tells the database about itself before its first query.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Settings {
    /// The tenant, where there is one.
    pub tenant: Option<Uuid>,
    /// The user whose merchants alone are seen.
    pub narrowed_to: Option<Uuid>,
    /// How merchants are met whose processing is restricted.
    pub restricted: Restricted,
}

/// How a transaction meets merchants whose processing is restricted, and what belongs to them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Restricted {
    /// They are not there: so it is in every list, figure and export.
    #[default]
    Hidden,
    /// They can be read but not changed: where one is asked for by its id.
    Seen,
    /// They can be changed too: to carry out what was asked about their data.
    Handled,
}

impl Restricted {
    /// As the policies know it.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Hidden => "",
            Self::Seen => "seen",
            Self::Handled => "handled",
        }
    }
}

/// Longer than any request's query takes; a query that passes it is a bug or an attack.
const STATEMENT_TIMEOUT_MS: i32 = 5_000;

enum State {
    Fresh(Settings),
    Open,
    Ended,
}

/// A transaction. Queries run on it as on a diesel connection.
pub struct Tx {
    connection: Option<Connection>,
    role: &'static str,
    state: State,
}

impl Tx {
    pub(crate) async fn new(pool: &Pool, settings: Settings) -> Result<Self> {
        let connection = Some(lend(pool).await?);
        Ok(Self { connection, role: pool.role, state: State::Fresh(settings) })
    }

    /// Says, before the first query, how restricted merchants are met.
    pub(crate) fn meet_restricted(&mut self, how: Restricted) {
        match &mut self.state {
            State::Fresh(settings) => settings.restricted = how,
            State::Open | State::Ended => unreachable!("it is said before the first query"),
        }
    }

    fn connection(&self) -> &AsyncPgConnection {
        // Taken in `drop` alone.
        self.connection
            .as_ref()
            .unwrap_or_else(|| unreachable!("a transaction has a connection until it is dropped"))
    }

    /// Runs `last`, where given, and COMMIT in one flush.
    pub(crate) async fn commit<T>(
        mut self,
        last: impl AsyncFnOnce(&AsyncPgConnection) -> QueryResult<T>,
    ) -> Result<T> {
        if let State::Fresh(settings) = self.state {
            self.state = State::Open;
            begin(self.connection(), settings).await?;
        }
        let connection = self.connection();
        STATEMENTS.with_label_values(&[self.role, "commit"]).inc();
        // Both are awaited to the end: after a failed `last` the COMMIT is a ROLLBACK, and it was answered.
        let (last, committed) = join(last(connection), Commit.execute(&mut &*connection)).await;
        if committed.is_ok() {
            self.state = State::Ended;
        }
        let value = last?;
        committed?;
        Ok(value)
    }

    /// COMMIT with nothing before it; a transaction that never asked anything has nothing to commit.
    pub(crate) async fn commit_plain(mut self) -> Result<()> {
        if matches!(self.state, State::Fresh(_)) {
            self.state = State::Ended;
            return Ok(());
        }
        self.commit(async |_| Ok(())).await
    }

    /// Gives the connection back without what was done.
    pub(crate) async fn rollback(mut self) {
        if matches!(self.state, State::Fresh(_)) {
            self.state = State::Ended;
            return;
        }
        let connection = self.connection();
        if Rollback.execute(&mut &*connection).await.is_ok() {
            self.state = State::Ended;
        }
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        if !matches!(self.state, State::Ended | State::Fresh(_))
            && let Some(connection) = self.connection.take()
        {
            drop(Connection::take(connection));
        }
    }
}

impl SimpleAsyncConnection for Tx {
    async fn batch_execute(&mut self, _query: &str) -> QueryResult<()> {
        // It would overtake the pipelined BEGIN.
        Err(diesel::result::Error::QueryBuilderError("no batches inside a transaction".into()))
    }
}

impl AsyncConnectionCore for Tx {
    type ExecuteFuture<'conn, 'query> = BoxFuture<'conn, QueryResult<usize>>;
    type LoadFuture<'conn, 'query> = BoxFuture<'conn, QueryResult<Self::Stream<'conn, 'query>>>;
    type Stream<'conn, 'query> = <AsyncPgConnection as AsyncConnectionCore>::Stream<'conn, 'query>;
    type Row<'conn, 'query> = <AsyncPgConnection as AsyncConnectionCore>::Row<'conn, 'query>;
    type Backend = Pg;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> Self::LoadFuture<'conn, 'query>
    where
        T: diesel::query_builder::AsQuery + 'query,
        T::Query: QueryFragment<Pg> + QueryId + 'query,
    {
        let fresh = self.opening();
        let connection = self.connection();
        after(connection, fresh, AsyncConnectionCore::load(&mut &*connection, source))
    }

    fn execute_returning_count<'conn, 'query, T>(
        &'conn mut self,
        source: T,
    ) -> Self::ExecuteFuture<'conn, 'query>
    where
        T: QueryFragment<Pg> + QueryId + 'query,
    {
        let fresh = self.opening();
        let connection = self.connection();
        after(connection, fresh, AsyncConnectionCore::execute_returning_count(&mut &*connection, source))
    }
}

impl Tx {
    /// The settings to send when this is the first query.
    fn opening(&mut self) -> Option<Settings> {
        STATEMENTS.with_label_values(&[self.role, "query"]).inc();
        match std::mem::replace(&mut self.state, State::Open) {
            State::Fresh(settings) => Some(settings),
            State::Open | State::Ended => None,
        }
    }
}

fn after<'a, T: Send + 'a>(
    connection: &'a AsyncPgConnection,
    fresh: Option<Settings>,
    query: BoxFuture<'a, QueryResult<T>>,
) -> BoxFuture<'a, QueryResult<T>> {
    match fresh {
        None => query,
        Some(settings) => {
            async move { try_join(begin(connection, settings), query).await.map(|((), value)| value) }.boxed()
        }
    }
}

/// BEGIN and the settings, sent together: their futures are polled in this order, and each statement keeps its place.
async fn begin(connection: &AsyncPgConnection, settings: Settings) -> QueryResult<()> {
    match settings.tenant {
        Some(tenant) => {
            let set = diesel::select(set_tenant(
                tenant,
                settings.narrowed_to,
                STATEMENT_TIMEOUT_MS,
                settings.restricted.as_str(),
            ));
            try_join(Begin.execute(&mut &*connection), set.execute(&mut &*connection)).await?;
        }
        None => {
            Begin.execute(&mut &*connection).await?;
        }
    }
    Ok(())
}

diesel::define_sql_function! {
    #[sql_name = "app.set_tenant"]
    fn set_tenant(tenant: sql_types::Uuid, narrowed_to: sql_types::Nullable<sql_types::Uuid>, timeout_ms: sql_types::Integer, restricted_mode: sql_types::Text) -> sql_types::Integer;
}

macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, QueryId)]
        pub(crate) struct $name;

        impl QueryFragment<Pg> for $name {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
                out.push_sql($sql);
                Ok(())
            }
        }
        impl<C> diesel::RunQueryDsl<C> for $name {}
    )+};
}

// With a static id each, so that they are prepared once per connection and keep their place in the pipeline.
statements! {
    Begin = "BEGIN";
    Commit = "COMMIT";
    Rollback = "ROLLBACK";
    /// A second request with the same idempotency key waits this long for the first.
    LockTimeoutOn = "SET LOCAL lock_timeout = '2s'";
    LockTimeoutOff = "SET LOCAL lock_timeout = 0";
}
