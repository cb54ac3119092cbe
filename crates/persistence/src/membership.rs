//! Who works for an aggregator. Permissions are looked up at each request, so that a change counts at once.

use chrono::{DateTime, Utc};
use diesel::sql_types::{Timestamptz, Uuid as SqlUuid};
use diesel::{BoolExpressionMethods, ExpressionMethods, QueryDsl, Queryable, Selectable, SelectableHelper};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::ids::UserId;
use kapal_domain::permission::Role;
use kapal_domain::{Code, Refusal};
use kapal_schema::{invitations, memberships};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::identity::stored;
use crate::sql::sql;
use crate::{Change, Cursor, Error, Page, Result, Subject, TenantTx};

/// A member as it is stored.
#[derive(Debug, Clone, Queryable, Selectable)]
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
    /// Members by the time of joining, the newest first.
    pub async fn members(&mut self, after: Option<&Cursor>, limit: usize) -> Result<Page<MemberRow>> {
        let mut query = memberships::table
            .filter(memberships::aggregator_id.eq(self.tenant()))
            .select(MemberRow::as_select())
            .into_boxed();
        if let Some(cursor) = after {
            let (time, id) = cursor.time_and_id()?;
            query = query.filter(
                memberships::created_at
                    .lt(time)
                    .or(memberships::created_at.eq(time).and(memberships::user_id.lt(id))),
            );
        }
        let wanted = i64::try_from(limit + 1).unwrap_or(i64::MAX);
        let rows = query
            .order((memberships::created_at.desc(), memberships::user_id.desc()))
            .limit(wanted)
            .load::<MemberRow>(&mut **self)
            .await?;
        Ok(Page::cut(rows, limit, |row| Cursor::at(row.created_at, row.user_id)))
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
