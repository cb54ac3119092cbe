//! The user that the server runs as.

use std::fs;
use std::path::Path;

use nix::unistd::{getegid, geteuid};

use super::Trouble;

/// The users that root hands the server to, best first.
const SERVANTS: [&str; 2] = ["postgres", "nobody"];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) name: String,
    /// Whether we are root, so that the server's user is another one.
    pub(super) switch: bool,
}

pub(super) fn is_root() -> bool {
    geteuid().is_root()
}

impl Account {
    /// The account for a data directory whose cluster, if there is one, belongs to `made_by`.
    pub(super) fn choose(directory: &Path, made_by: Option<u32>) -> Result<Account, Trouble> {
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        Account::choose_from(&users, geteuid().as_raw(), getegid().as_raw(), directory, made_by)
    }

    pub(super) fn choose_from(
        users: &str,
        uid: u32,
        gid: u32,
        directory: &Path,
        made_by: Option<u32>,
    ) -> Result<Account, Trouble> {
        if uid != 0 {
            let me = Account { uid, gid, name: name_of(users, uid), switch: false };
            return match made_by {
                Some(owner) if owner != uid => Err(me.refused_as(users, directory, owner)),
                _ => Ok(me),
            };
        }
        let servants: Vec<Account> = SERVANTS.iter().filter_map(|name| servant(users, name)).collect();
        let Some(first) = servants.first() else {
            return Err(Trouble::NoAccount);
        };
        match made_by {
            None => Ok(first.clone()),
            Some(owner) => match servants.iter().find(|servant| servant.uid == owner) {
                Some(servant) => Ok(servant.clone()),
                None => Err(first.refused_as(users, directory, owner)),
            },
        }
    }

    /// The refusal of a directory that belongs to another user.
    pub(super) fn refused(&self, directory: &Path, owner: u32) -> Trouble {
        self.refused_as(&fs::read_to_string("/etc/passwd").unwrap_or_default(), directory, owner)
    }

    fn refused_as(&self, users: &str, directory: &Path, owner: u32) -> Trouble {
        let owner_name = name_of(users, owner);
        // What belongs to root or to one of the users that root hands over to was made by root.
        let by_root = owner == 0 || SERVANTS.contains(&owner_name.as_str());
        Trouble::OtherUser {
            directory: directory.to_owned(),
            made_by: if by_root { "root".to_owned() } else { owner_name },
            opened_by: if self.switch { "root".to_owned() } else { self.name.clone() },
        }
    }
}

/// A line of `/etc/passwd`: name, password, uid, gid, ...
fn servant(users: &str, name: &str) -> Option<Account> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next()? != name {
            return None;
        }
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some(Account { uid, gid, name: name.to_owned(), switch: true })
    })
}

fn name_of(users: &str, uid: u32) -> String {
    let wanted = uid.to_string();
    let found = users.lines().find(|line| line.split(':').nth(2) == Some(&wanted));
    match found.and_then(|line| line.split(':').next()) {
        Some(name) => name.to_owned(),
        None => format!("the user with id {uid}"),
    }
}
