//! Who works for an aggregator. Permissions are looked up at each request, so that a change counts at once.

use chrono::{DateTime, Utc};
use diesel::sql_types::{Text, Timestamptz, Uuid as SqlUuid};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, QueryDsl, Queryable, QueryableByName, Selectable,
    SelectableHelper,
};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::ids::UserId;
use kapal_domain::permission::Role;
use kapal_domain::user::MemberSort;
use kapal_domain::{Code, Refusal};
use kapal_schema::{invitations, memberships};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::identity::stored;
use crate::sql::sql;
use crate::statement::Statement;
use crate::{Change, Cursor, Error, Page, Result, Subject, TenantTx};

/// A member as it is stored.
#[derive(Debug, Clone, Queryable, Selectable, QueryableByName)]
#[diesel(table_name = memberships, check_for_backend(diesel::pg::Pg))]
pub struct MemberRow {
    /// The person.
    pub user_id: Uuid,
    /// The role.
    pub role: String,
    /// Address.
    pub email: String,
    /// Name.
    pub name: String,
    /// Grows with each change.
    pub version: i32,
    /// When the person joined.
    pub created_at: DateTime<Utc>,
    /// When the membership last changed.
    pub updated_at: DateTime<Utc>,
}

impl MemberRow {
    fn role(&self) -> Result<Role> {
        stored(Role::parse(&self.role))
    }
}

/// Which members.
#[derive(Debug, Clone, Default)]
pub struct MemberFilter {
    /// With any of these roles.
    pub roles: Vec<Role>,
    /// Whose name or address has words that begin so.
    pub text: Option<String>,
    /// In this order.
    pub sort: MemberSort,
}

#[derive(QueryableByName)]
struct Listed {
    #[diesel(embed)]
    member: MemberRow,
    #[diesel(sql_type = Text)]
    sort_name: String,
}

/// How an order is asked for: the SQL before a cursor's values, and the order itself.
const fn order(sort: MemberSort) -> (&'static str, &'static str) {
    match sort {
        MemberSort::Newest => {
            (" AND (s.created_at, s.user_id) < (", " ORDER BY s.created_at DESC, s.user_id DESC")
        }
        MemberSort::Oldest => (" AND (s.created_at, s.user_id) > (", " ORDER BY s.created_at, s.user_id"),
        MemberSort::Name => (
            " AND (lower(s.name) COLLATE \"C\", s.user_id) > (",
            " ORDER BY lower(s.name) COLLATE \"C\", s.user_id",
        ),
        MemberSort::NameDown => (
            " AND (lower(s.name) COLLATE \"C\", s.user_id) < (",
            " ORDER BY lower(s.name) COLLATE \"C\" DESC, s.user_id DESC",
        ),
    }
}

/// A change of a member is made by somebody with a role of their own: only an owner makes, changes or removes owners.
pub(crate) fn may_touch(by: Role, role: Role) -> Result<()> {
    if role == Role::Owner && by != Role::Owner {
        return Err(
            Refusal::because(Code::Forbidden, "Only an owner makes, changes or removes owners.").into()
        );
    }
    Ok(())
}

sql! {
    ForgetAccess { aggregator: Uuid => SqlUuid, user: Uuid => SqlUuid, now: DateTime<Utc> => Timestamptz }
    "WITH gone AS (
        DELETE FROM merchant_access WHERE aggregator_id = $1 AND user_id = $2 RETURNING merchant_id, kind
     )
     INSERT INTO former_merchant_members (aggregator_id, user_id, merchant_id, ended_at)
     SELECT $1, $2, g.merchant_id, $3 FROM gone g
     JOIN merchants m ON m.aggregator_id = $1 AND m.id = g.merchant_id
     WHERE g.kind = 'member'
     ON CONFLICT (aggregator_id, user_id, merchant_id) DO UPDATE SET ended_at = excluded.ended_at"
}

impl TenantTx<'_> {
    /// Members that fit, in the filter's order.
    pub async fn members(
        &mut self,
        filter: &MemberFilter,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<MemberRow>> {
        let mut statement = Statement::new(
            "SELECT s.*, lower(s.name) COLLATE \"C\" AS sort_name FROM memberships s WHERE s.aggregator_id = ",
        )
        .bind(self.tenant())
        .any_of("s.role", filter.roles.iter().map(|role| role.as_str()))
        .with(filter.text.as_deref(), |s, text| s.worded("s.name || ' ' || s.email", text));
        let (follows, by) = order(filter.sort);
        if let Some(cursor) = after {
            statement = match filter.sort {
                MemberSort::Newest | MemberSort::Oldest => statement.beyond(follows, cursor.time_and_id()?),
                MemberSort::Name | MemberSort::NameDown => statement.beyond(follows, cursor.name_and_id()?),
            };
        }
        let rows = statement.page(by, limit).planned_anew().load::<Listed>(&mut **self).await?;
        let page = Page::cut(rows, limit, |listed| match filter.sort {
            MemberSort::Newest | MemberSort::Oldest => {
                Cursor::at(listed.member.created_at, listed.member.user_id)
            }
            MemberSort::Name | MemberSort::NameDown => {
                Cursor::named(&listed.sort_name, listed.member.user_id)
            }
        });
        Ok(page.map(|listed| listed.member))
    }

    /// Gives a member another role. `by` is the role of who does it.
    pub async fn change_member_role(
        &mut self,
        user: UserId,
        expected: i32,
        role: Role,
        by: Role,
    ) -> Result<MemberRow> {
        let (before, owners) = self.lock_member(user).await?;
        if before.version != expected {
            return Err(Error::Stale(before.version));
        }
        may_touch(by, before.role()?)?;
        may_touch(by, role)?;
        if role == Role::Merchant && before.role()? != Role::Merchant {
            return Err(Refusal::because(
                Code::InvalidChoice,
                "A merchant's account begins with an invitation that names the merchant.",
            )
            .into());
        }
        if before.role()? == Role::Owner && role != Role::Owner && owners == 1 {
            return Err(Code::LastOwner.into());
        }
        let row = diesel::update(memberships::table.find((self.tenant(), user.uuid())))
            .set((
                memberships::role.eq(role.as_str()),
                memberships::version.eq(memberships::version + 1),
                memberships::updated_at.eq(Utc::now()),
            ))
            .returning(MemberRow::as_returning())
            .get_result::<MemberRow>(&mut **self)
            .await?;
        if before.role != row.role {
            // What one role was given to see, and whom it invited, is not the next one's.
            self.end_assignments(user, None).await?;
            self.forget_merchant_access(user).await?;
            self.revoke_invitations_of(&before).await?;
        }
        self.record(
            Change::new(EventKind::MemberUpdated, Subject("user", user.uuid()))
                .data(json!({ "role": row.role }))
                .from_to(json!({ "role": before.role }), json!({ "role": row.role })),
        );
        Ok(row)
    }

    /// Ends a membership. `by` is the role of who does it.
    pub async fn remove_member(&mut self, user: UserId, expected: i32, by: Role) -> Result<()> {
        let (row, owners) = self.lock_member(user).await?;
        if row.version != expected {
            return Err(Error::Stale(row.version));
        }
        may_touch(by, row.role()?)?;
        if row.role()? == Role::Owner && owners == 1 {
            return Err(Code::LastOwner.into());
        }
        diesel::delete(memberships::table.find((self.tenant(), user.uuid()))).execute(&mut **self).await?;
        self.end_assignments(user, None).await?;
        self.forget_merchant_access(user).await?;
        self.revoke_invitations_of(&row).await?;
        self.record(
            Change::new(EventKind::MemberRemoved, Subject("user", user.uuid()))
                .from_to(json!({ "role": row.role }), Value::Null),
        );
        Ok(())
    }

    /// Locks a member and all owners, in one order, so that two owners can't remove each other at the same time.
    /// Answers the member and the number of owners.
    async fn lock_member(&mut self, user: UserId) -> Result<(MemberRow, usize)> {
        let rows = memberships::table
            .filter(memberships::aggregator_id.eq(self.tenant()))
            .filter(memberships::user_id.eq(user.uuid()).or(memberships::role.eq(Role::Owner.as_str())))
            .order(memberships::user_id)
            .select(MemberRow::as_select())
            .for_update()
            .load::<MemberRow>(&mut **self)
            .await?;
        let owners = rows.iter().filter(|row| row.role == Role::Owner.as_str()).count();
        let member = rows.into_iter().find(|row| row.user_id == user.uuid()).ok_or(Error::NotFound)?;
        Ok((member, owners))
    }

    /// Ends the open invitations to a member's address and those that the member made: they must not bring back what
    /// was taken away.
    async fn revoke_invitations_of(&mut self, member: &MemberRow) -> Result<()> {
        diesel::update(
            invitations::table
                .filter(invitations::aggregator_id.eq(self.tenant()))
                .filter(invitations::accepted_at.is_null())
                .filter(invitations::revoked_at.is_null())
                .filter(invitations::email.eq(&member.email).or(invitations::invited_by.eq(member.user_id))),
        )
        .set(invitations::revoked_at.eq(Utc::now()))
        .execute(&mut **self)
        .await?;
        Ok(())
    }

    /// Takes away what a member saw as a merchant's own account or as a hero. Whose account it was is kept: who belonged
    /// to a merchant never scores it.
    async fn forget_merchant_access(&mut self, user: UserId) -> Result<()> {
        ForgetAccess { aggregator: self.tenant(), user: user.uuid(), now: Utc::now() }
            .execute(&mut **self)
            .await?;
        Ok(())
    }
}
