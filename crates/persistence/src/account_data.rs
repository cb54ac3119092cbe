//! One's own account by right: all that is held about it, and its end.

use chrono::{DateTime, Utc};
use diesel::sql_types::{Jsonb, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::hero::AssignmentStatus;
use kapal_domain::ids::{AggregatorId, UserId};
use kapal_domain::permission::Role;
use kapal_domain::{Code, Refusal};
use kapal_schema::{heroes, invitations, memberships, merchant_access, password_resets, sessions, users};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::sql::sql;
use crate::{Actor, Change, Db, Error, IdentityTx, Result, Scope, Subject};

/// Tables with a `user_id`, and what becomes of them: a test fails when one is missing here.
pub const ABOUT_USERS: &[(&str, &str)] = &[
    ("sessions", "exported; deleted"),
    ("password_resets", "hashes of codes; deleted"),
    ("memberships", "exported; deleted"),
    ("merchant_access", "exported; deleted"),
    ("heroes", "exported; deleted"),
    ("hero_areas", "exported; deleted"),
    ("hero_assignments", "exported; ended, and kept: the merchant's record as much"),
    ("former_merchant_members", "exported; kept: who belonged to a merchant never scores it"),
    ("user_consents", "exported; kept: the proof that law wants, which names nobody"),
    ("privacy_requests", "held by the aggregator, which answers for it: asked for there"),
];

sql! {
    // Not the password's hash: it would help only a thief. The log's entries about the account are in the platform's
    // chain and in those of its aggregators.
    FindAll { user: Uuid => SqlUuid, email: String => Text }
    "SELECT jsonb_build_object(
        'user', (SELECT to_jsonb(u) - 'password_hash' FROM users u WHERE u.id = $1),
        'memberships', (SELECT coalesce(jsonb_agg(to_jsonb(m) || jsonb_build_object('aggregator', a.slug) ORDER BY m.created_at), '[]')
            FROM memberships m JOIN aggregators a ON a.id = m.aggregator_id WHERE m.user_id = $1),
        'merchant_access', (SELECT coalesce(jsonb_agg(to_jsonb(m) ORDER BY m.created_at), '[]')
            FROM merchant_access m WHERE m.user_id = $1),
        'heroes', (SELECT coalesce(jsonb_agg(to_jsonb(h) - 'phone_sealed' ORDER BY h.created_at), '[]') FROM heroes h WHERE h.user_id = $1),
        'hero_areas', (SELECT coalesce(jsonb_agg(to_jsonb(h) ORDER BY h.region_code), '[]') FROM hero_areas h WHERE h.user_id = $1),
        'hero_assignments', (SELECT coalesce(jsonb_agg(to_jsonb(h) ORDER BY h.created_at), '[]') FROM hero_assignments h WHERE h.user_id = $1),
        'former_merchant_members', (SELECT coalesce(jsonb_agg(to_jsonb(f) ORDER BY f.ended_at), '[]')
            FROM former_merchant_members f WHERE f.user_id = $1),
        'user_consents', (SELECT coalesce(jsonb_agg(to_jsonb(c) || jsonb_build_object('text_hash', encode(c.text_hash, 'hex')) ORDER BY c.recorded_at), '[]')
            FROM user_consents c WHERE c.user_id = $1),
        'sessions', (SELECT coalesce(jsonb_agg(to_jsonb(s) ORDER BY s.created_at), '[]') FROM sessions s WHERE s.user_id = $1),
        'invitations', (SELECT coalesce(jsonb_agg(to_jsonb(i) - 'token_hash' ORDER BY i.created_at), '[]')
            FROM invitations i WHERE i.email = $2),
        'audit', (SELECT coalesce(jsonb_agg(e.entry::jsonb ORDER BY e.at), '[]')
            FROM audit_entries e WHERE e.subject_id = $1 AND e.subject_type = 'user')
     ) AS held"
}

#[derive(diesel::QueryableByName)]
struct All {
    #[diesel(sql_type = Jsonb)]
    held: Value,
}

sql! {
    // The account's memberships and the other owners of its aggregators, locked in one order.
    LockMemberships { user: Uuid => SqlUuid }
    "SELECT m.aggregator_id, m.user_id, m.role FROM memberships m
     WHERE m.aggregator_id IN (SELECT own.aggregator_id FROM memberships own WHERE own.user_id = $1)
       AND (m.user_id = $1 OR m.role = 'owner')
     ORDER BY m.aggregator_id, m.user_id FOR UPDATE"
}

#[derive(diesel::QueryableByName)]
struct MembershipRow {
    #[diesel(sql_type = SqlUuid)]
    aggregator_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    user_id: Uuid,
    #[diesel(sql_type = Text)]
    role: String,
}

sql! {
    // What is sealed about him opens for nobody from then on.
    ForgetHero { user: Uuid => SqlUuid, now: DateTime<Utc> => Timestamptz }
    "WITH areas AS (DELETE FROM hero_areas WHERE user_id = $1),
          profiles AS (DELETE FROM heroes WHERE user_id = $1),
          keys AS (UPDATE subject_keys SET wrapped = NULL, destroyed_at = $2 WHERE subject_id = $1)
     UPDATE hero_assignments
     SET status = CASE status WHEN 'planned' THEN 'cancelled' ELSE 'ended' END,
         ends_on = CASE status WHEN 'planned' THEN ends_on ELSE ($2 AT TIME ZONE time_zone)::date END,
         next_turn_at = NULL, ended_at = $2, updated_at = $2
     WHERE user_id = $1 AND status IN ('planned', 'active')
     RETURNING aggregator_id, id, status"
}

#[derive(diesel::QueryableByName)]
struct EndedAssignment {
    #[diesel(sql_type = SqlUuid)]
    aggregator_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    status: String,
}

impl Db {
    /// The phones of an account's profiles as a hero, which open in their aggregators alone.
    pub async fn own_phones(&self, user: UserId, request_id: &str) -> Result<Vec<(AggregatorId, String)>> {
        let actor = Actor::User(user);
        let mut tx = self.identity(actor, request_id).await?;
        let aggregators = heroes::table
            .filter(heroes::user_id.eq(user.uuid()))
            .filter(heroes::phone_sealed.is_not_null())
            .select(heroes::aggregator_id)
            .load::<Uuid>(&mut *tx)
            .await?;
        tx.commit().await?;
        let mut phones = Vec::new();
        for aggregator in aggregators.into_iter().map(AggregatorId::from) {
            let scope = Scope { aggregator, actor, narrowed: true, request_id: request_id.to_owned() };
            let mut tx = self.tenant(scope).await?;
            match tx.hero(user).await {
                Ok(hero) => phones.extend(hero.phone.map(|phone| (aggregator, phone))),
                // Removed meanwhile.
                Err(Error::NotFound) => {}
                Err(error) => return Err(error),
            }
            tx.commit().await?;
        }
        Ok(phones)
    }
}

impl IdentityTx<'_> {
    /// All that is held about an account, by table, and what was done with it. `phones` are those of
    /// [`Db::own_phones`].
    pub async fn export_me(&mut self, user: UserId, phones: &[(AggregatorId, String)]) -> Result<Value> {
        let email = users::table.find(user.uuid()).select(users::email).first::<String>(&mut **self).await?;
        let mut all = FindAll { user: user.uuid(), email }.get_result::<All>(&mut **self).await?;
        for hero in all.held["heroes"].as_array_mut().into_iter().flatten() {
            let own = phones.iter().find(|(aggregator, _)| hero["aggregator_id"] == json!(aggregator));
            hero["phone"] = own.map(|(_, phone)| phone.as_str()).into();
        }
        self.record(Change::new(EventKind::UserExported, Subject("user", user.uuid())));
        Ok(all.held)
    }

    /// Erases an account whose password is still `password_hash`: its logins and memberships end, its address is free
    /// again, and what stays names nobody. Refused for an aggregator's last owner and the platform's last operator.
    pub async fn erase_me(&mut self, user: UserId, password_hash: &str) -> Result<()> {
        let (email, is_operator) = users::table
            .find(user.uuid())
            .filter(users::password_hash.eq(password_hash))
            .select((users::email, users::is_operator))
            .for_update()
            .first::<(String, bool)>(&mut **self)
            .await?;
        if is_operator {
            let operators = users::table.filter(users::is_operator).select(users::id).for_update();
            if operators.load::<Uuid>(&mut **self).await?.len() == 1 {
                return Err(Refusal::because(Code::WrongState, "The platform's last operator stays.").into());
            }
        }
        self.leave_all(user).await?;
        self.forget_hero_everywhere(user).await?;
        diesel::delete(sessions::table.filter(sessions::user_id.eq(user.uuid())))
            .execute(&mut **self)
            .await?;
        diesel::delete(password_resets::table.filter(password_resets::user_id.eq(user.uuid())))
            .execute(&mut **self)
            .await?;
        let nobody = format!("terhapus-{user}@terhapus.invalid");
        let now = Utc::now();
        diesel::update(invitations::table.filter(invitations::email.eq(&email)))
            .set(invitations::email.eq(&nobody))
            .execute(&mut **self)
            .await?;
        diesel::update(users::table.find(user.uuid()))
            .set((
                users::email.eq(&nobody),
                users::name.eq("Akun terhapus"),
                users::password_hash.eq(""),
                users::is_operator.eq(false),
                users::erased_at.eq(now),
                users::version.eq(users::version + 1),
                users::updated_at.eq(now),
            ))
            .execute(&mut **self)
            .await?;
        self.record(Change::new(EventKind::UserErased, Subject("user", user.uuid())));
        Ok(())
    }

    async fn forget_hero_everywhere(&mut self, user: UserId) -> Result<()> {
        let forget = ForgetHero { user: user.uuid(), now: Utc::now() };
        for ended in forget.load::<EndedAssignment>(&mut **self).await? {
            let kind = if ended.status == AssignmentStatus::Cancelled.as_str() {
                EventKind::AssignmentCancelled
            } else {
                EventKind::AssignmentEnded
            };
            let change = Change::new(kind, Subject("assignment", ended.id));
            self.record_in(
                AggregatorId::from(ended.aggregator_id),
                change.from_to(Value::Null, json!({ "status": ended.status })),
            );
        }
        Ok(())
    }

    async fn leave_all(&mut self, user: UserId) -> Result<()> {
        let rows = LockMemberships { user: user.uuid() }.load::<MembershipRow>(&mut **self).await?;
        for own in rows.iter().filter(|row| row.user_id == user.uuid()) {
            let is_owner = |row: &&MembershipRow| {
                row.aggregator_id == own.aggregator_id && row.role == Role::Owner.as_str()
            };
            if own.role == Role::Owner.as_str() && rows.iter().filter(is_owner).count() == 1 {
                return Err(Code::LastOwner.into());
            }
            self.record_in(
                AggregatorId::from(own.aggregator_id),
                Change::new(EventKind::MemberRemoved, Subject("user", user.uuid()))
                    .from_to(json!({ "role": own.role }), Value::Null),
            );
        }
        diesel::delete(memberships::table.filter(memberships::user_id.eq(user.uuid())))
            .execute(&mut **self)
            .await?;
        diesel::delete(merchant_access::table.filter(merchant_access::user_id.eq(user.uuid())))
            .execute(&mut **self)
            .await?;
        Ok(())
    }
}
