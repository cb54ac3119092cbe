//! SQL beside the module that uses it, as a query with a type of its own: prepared once per connection, which
//! `diesel::sql_query` is not. `$1`, `$2`, .. name the fields in order and may stand more than once.

/// Declares a query: its fields, their SQL types, and its text.
macro_rules! sql {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty => $sql:ty),* $(,)? } $text:expr) => {
        $(#[$doc])*
        pub(crate) struct $name { $(pub $field: $type),* }

        impl diesel::query_builder::QueryId for $name {
            type QueryId = Self;
            const HAS_STATIC_QUERY_ID: bool = true;
        }

        impl diesel::query_builder::QueryFragment<diesel::pg::Pg> for $name {
            #[allow(unused_assignments, unused_mut, unused_variables, reason = "a query may have no fields")]
            fn walk_ast<'b>(
                &'b self,
                mut out: diesel::query_builder::AstPass<'_, 'b, diesel::pg::Pg>,
            ) -> diesel::QueryResult<()> {
                const TEXT: &str = $text;
                let mut parts = TEXT.split('$');
                out.push_sql(parts.next().unwrap_or_default());
                for part in parts {
                    let digits = part.bytes().take_while(u8::is_ascii_digit).count();
                    let (number, rest) = part.split_at(digits);
                    let mut field = 0;
                    $(
                        field += 1;
                        if number.parse() == Ok(field) {
                            out.push_bind_param::<$sql, _>(&self.$field)?;
                        }
                    )*
                    out.push_sql(rest);
                }
                Ok(())
            }
        }

        impl diesel::query_builder::Query for $name {
            type SqlType = diesel::sql_types::Untyped;
        }
        impl<C> diesel::RunQueryDsl<C> for $name {}
    };
}
pub(crate) use sql;
