//! Roles and permissions. A permission is `resource:action`; a role is a fixed set of them. Each permission is also a
//! type, so that a handler names what it demands in its signature and can't forget to.

use std::fmt;

/// A permission as a type: what an extractor demands.
pub trait Demand: 'static {
    /// The permission demanded.
    const PERMISSION: Permission;
}

macro_rules! permissions {
    ($($(#[$doc:meta])* $variant:ident = $name:literal),+ $(,)?) => {
        /// What somebody may do, as `resource:action`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Permission { $($(#[$doc])* $variant),+ }

        impl Permission {
            /// All of them, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The public name, such as `merchants:write`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }

        $($(#[$doc])* #[derive(Debug)] pub struct $variant;
        impl Demand for $variant { const PERMISSION: Permission = Permission::$variant; })+
    };
}

permissions! {
    /// See the aggregator and its settings.
    AggregatorRead = "aggregator:read",
    /// Change the aggregator and its settings.
    AggregatorWrite = "aggregator:write",
    /// See members and invitations.
    MembersRead = "members:read",
    /// Invite, change and remove members.
    MembersWrite = "members:write",
    /// See merchants.
    MerchantsRead = "merchants:read",
    /// Onboard and edit merchants.
    MerchantsWrite = "merchants:write",
    /// Verify and suspend merchants and documents.
    MerchantsVerify = "merchants:verify",
    /// See legal ids and bank details unmasked.
    PiiRead = "pii:read",
    /// See visits, action items and assessments.
    MentoringRead = "mentoring:read",
    /// Write visits, action items and assessments.
    MentoringWrite = "mentoring:write",
    /// Manage heroes, assignments and programmes.
    MentoringManage = "mentoring:manage",
    /// See products.
    ProductsRead = "products:read",
    /// Write products.
    ProductsWrite = "products:write",
    /// Publish, unpublish and review products.
    ProductsPublish = "products:publish",
    /// Nominate a product as mutiara.
    CurationNominate = "curation:nominate",
    /// Score nominations.
    CurationScore = "curation:score",
    /// Decide nominations.
    CurationDecide = "curation:decide",
    /// Write collections and slots.
    StorefrontWrite = "storefront:write",
    /// See leads.
    LeadsRead = "leads:read",
    /// Work on leads.
    LeadsWrite = "leads:write",
    /// See agreements and shared products.
    SharingRead = "sharing:read",
    /// Make and change agreements.
    SharingWrite = "sharing:write",
    /// See import and export jobs.
    JobsRead = "jobs:read",
    /// Start import and export jobs.
    JobsWrite = "jobs:write",
    /// Manage webhooks.
    WebhooksWrite = "webhooks:write",
    /// Manage api clients.
    ClientsWrite = "clients:write",
    /// Read the event log.
    EventsRead = "events:read",
    /// See surveys.
    SurveysRead = "surveys:read",
    /// Write surveys.
    SurveysWrite = "surveys:write",
    /// Answer surveys.
    SurveysAnswer = "surveys:answer",
    /// See reports.
    ReportsRead = "reports:read",
    /// Read the audit chain.
    AuditRead = "audit:read",
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

crate::text::choices! {
    /// What a member is in an aggregator.
    pub enum Role {
        /// Answers for the aggregator; the last one can't be removed.
        Owner = "owner",
        /// Runs it.
        Admin = "admin",
        /// Curates products and the storefront.
        Curator = "curator",
        /// Onboards and verifies merchants.
        MerchantManager = "merchant_manager",
        /// Reads figures.
        Analyst = "analyst",
        /// Pahlawan lokal: mentors assigned merchants.
        LocalHero = "local_hero",
        /// A merchant's own account.
        Merchant = "merchant",
    }
}

impl Role {
    /// Whether the role sees assigned or own merchants only.
    #[must_use]
    pub const fn is_narrowed(self) -> bool {
        matches!(self, Self::LocalHero | Self::Merchant)
    }

    /// Whether the role has the permission.
    #[must_use]
    pub fn may(self, permission: Permission) -> bool {
        self.permissions().contains(&permission)
    }

    /// The role's whole set.
    #[must_use]
    pub const fn permissions(self) -> &'static [Permission] {
        use Permission::*;
        match self {
            Self::Owner | Self::Admin => &[
                AggregatorRead,
                AggregatorWrite,
                MembersRead,
                MembersWrite,
                MerchantsRead,
                MerchantsWrite,
                MerchantsVerify,
                PiiRead,
                MentoringRead,
                MentoringWrite,
                MentoringManage,
                ProductsRead,
                ProductsWrite,
                ProductsPublish,
                CurationNominate,
                CurationScore,
                CurationDecide,
                StorefrontWrite,
                LeadsRead,
                LeadsWrite,
                SharingRead,
                SharingWrite,
                JobsRead,
                JobsWrite,
                WebhooksWrite,
                ClientsWrite,
                EventsRead,
                SurveysRead,
                SurveysWrite,
                ReportsRead,
                AuditRead,
            ],
            Self::Curator => &[
                AggregatorRead,
                MembersRead,
                MerchantsRead,
                MentoringRead,
                ProductsRead,
                ProductsWrite,
                ProductsPublish,
                CurationNominate,
                CurationScore,
                CurationDecide,
                StorefrontWrite,
                LeadsRead,
                SharingRead,
                SharingWrite,
                JobsRead,
                SurveysRead,
                ReportsRead,
            ],
            Self::MerchantManager => &[
                AggregatorRead,
                MembersRead,
                MerchantsRead,
                MerchantsWrite,
                MerchantsVerify,
                PiiRead,
                MentoringRead,
                MentoringWrite,
                MentoringManage,
                ProductsRead,
                ProductsWrite,
                CurationNominate,
                LeadsRead,
                LeadsWrite,
                SharingRead,
                JobsRead,
                JobsWrite,
                SurveysRead,
                SurveysWrite,
                ReportsRead,
            ],
            Self::Analyst => &[
                AggregatorRead,
                MerchantsRead,
                MentoringRead,
                ProductsRead,
                LeadsRead,
                SharingRead,
                JobsRead,
                SurveysRead,
                ReportsRead,
            ],
            Self::LocalHero => &[
                AggregatorRead,
                MerchantsRead,
                MerchantsWrite,
                MentoringRead,
                MentoringWrite,
                ProductsRead,
                ProductsWrite,
                CurationNominate,
                LeadsRead,
                SurveysAnswer,
                ReportsRead,
            ],
            Self::Merchant => &[
                AggregatorRead,
                MerchantsRead,
                MerchantsWrite,
                PiiRead,
                MentoringRead,
                ProductsRead,
                ProductsWrite,
                CurationNominate,
                LeadsRead,
                LeadsWrite,
                SurveysAnswer,
                ReportsRead,
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The product's table of roles and permissions, as it is written there: o owner, a admin, c curator, m merchant
    /// manager, n analyst, h local hero, s merchant (sekoci).
    const TABLE: &[(&str, &str)] = &[
        ("aggregator:read", "oacmnhs"),
        ("aggregator:write", "oa"),
        ("members:read", "oacm"),
        ("members:write", "oa"),
        ("merchants:read", "oacmnhs"),
        ("merchants:write", "oamhs"),
        ("merchants:verify", "oam"),
        ("pii:read", "oams"),
        ("mentoring:read", "oacmnhs"),
        ("mentoring:write", "oamh"),
        ("mentoring:manage", "oam"),
        ("products:read", "oacmnhs"),
        ("products:write", "oacmhs"),
        ("products:publish", "oac"),
        ("curation:nominate", "oacmhs"),
        ("curation:score", "oac"),
        ("curation:decide", "oac"),
        ("storefront:write", "oac"),
        ("leads:read", "oacmnhs"),
        ("leads:write", "oams"),
        ("sharing:read", "oacmn"),
        ("sharing:write", "oac"),
        ("jobs:read", "oacmn"),
        ("jobs:write", "oam"),
        ("webhooks:write", "oa"),
        ("clients:write", "oa"),
        ("events:read", "oa"),
        ("surveys:read", "oacmn"),
        ("surveys:write", "oam"),
        ("surveys:answer", "hs"),
        ("reports:read", "oacmnhs"),
        ("audit:read", "oa"),
    ];

    #[test]
    fn each_role_has_exactly_the_permissions_of_the_products_table() {
        assert_eq!(TABLE.len(), Permission::ALL.len());
        let letters = "oacmnhs";
        for (permission, (name, roles)) in Permission::ALL.iter().zip(TABLE) {
            assert_eq!(permission.as_str(), *name);
            for (role, letter) in Role::ALL.iter().zip(letters.chars()) {
                assert_eq!(role.may(*permission), roles.contains(letter), "{role} {name}");
            }
        }
    }
}
