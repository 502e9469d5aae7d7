//! What is shown of single people: names, stable pseudonyms, or nothing below a team.

use proto::OrgId;

use super::{App, answer::Opened, problem::Problem, words::PrivacyMode};
use crate::store::users::SeatQuery;

/// The smallest group that is shown where only teams are.
pub(super) const SMALLEST_GROUP: i64 = 5;
/// Characters of a pseudonym: no letters that look alike, none that spell words.
const ALPHABET: &[u8; 32] = b"0123456789BCDFGHJKLMNPQRSTVWXYZ=";

/// What stands between a person's name and the answer.
#[derive(Debug, Clone)]
pub(super) enum Veil {
    Open,
    Drawn { key: super::CursorKey, org: OrgId },
}

impl Veil {
    /// The name, or the same pseudonym each time.
    pub(super) fn name(&self, user: &str, name: &str) -> String {
        match self {
            Self::Open => name.to_owned(),
            Self::Drawn { .. } if user.is_empty() => String::new(),
            Self::Drawn { key, org } => format!("Person {}", code(key, *org, user)),
        }
    }

    pub(super) fn email(&self, email: &str) -> String {
        match self {
            Self::Open => email.to_owned(),
            Self::Drawn { .. } => String::new(),
        }
    }

    /// A sentence that may name the person.
    pub(super) fn text(&self, text: &str, user: &str, name: &str) -> String {
        if matches!(self, Self::Open) || name.is_empty() {
            return text.to_owned();
        }
        text.replace(name, &self.name(user, name))
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self, Self::Open)
    }
}

fn code(key: &super::CursorKey, org: OrgId, user: &str) -> String {
    let bytes = key.mark(&[b"pseudonym", org.0.as_bytes(), user.as_bytes()]);
    let letter = |byte: &u8| {
        let letter = ALPHABET.get(usize::from(byte % 31)).copied();
        char::from(letter.unwrap_or(b'0'))
    };
    bytes.iter().take(8).map(letter).collect()
}

impl App {
    pub(super) fn veil(&self, org: OrgId, privacy: PrivacyMode) -> Veil {
        if privacy == PrivacyMode::Named {
            return Veil::Open;
        }
        Veil::Drawn {
            key: self.cursors.clone(),
            org,
        }
    }
}

impl Opened {
    pub(super) fn veil(&self) -> Veil {
        self.app().veil(self.org(), self.head.privacy)
    }

    /// Whether a group of so many seats may be shown.
    pub(super) fn shows_group(&self, seats: i64) -> bool {
        self.head.privacy != PrivacyMode::TeamOnly || seats >= SMALLEST_GROUP
    }

    /// Where only teams are shown, a filter must not single people out.
    pub(super) async fn check_group_size(&self) -> Result<(), Problem> {
        let filtered = self.team.is_some() || self.license.is_some();
        if self.head.privacy != PrivacyMode::TeamOnly || !filtered {
            return Ok(());
        }
        let sums = self
            .app()
            .store
            .seat_sums(self.org(), &self.filter())
            .await?;
        if self.shows_group(sums.by_class.total()) {
            return Ok(());
        }
        Err(Problem::people_are_private())
    }

    /// Behind the veil neither search nor order may tell names: a search looks at pseudonyms, and
    /// people are ordered by id.
    pub(super) async fn hide_names_from(&self, query: &mut SeatQuery) -> Result<(), Problem> {
        let veil = self.veil();
        if veil.is_open() {
            return Ok(());
        }
        query.by_id = true;
        let Some(text) = query.text.take() else {
            return Ok(());
        };
        let text = text.to_lowercase();
        let ids = self
            .app()
            .store
            .seat_ids(self.org(), self.generation.number, self.window)
            .await?;
        let found = ids.into_iter().filter(|id| {
            id.to_lowercase().contains(&text) || veil.name(id, "").to_lowercase().contains(&text)
        });
        query.among = Some(found.collect());
        Ok(())
    }
}

/// A title can name a single person as well as a name does.
pub(super) fn job_title(opened: &Opened, title: String) -> String {
    if opened.veil().is_open() {
        return title;
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_pseudonym_is_stable_and_tells_neither_name_nor_tenant() {
        let key = super::super::CursorKey::derive(&"secret".into()).expect("a key");
        let veil = |org| Veil::Drawn {
            key: key.clone(),
            org: OrgId(Uuid::from_u128(org)),
        };
        let one = veil(1).name("PU1", "Ada Busy");
        assert_eq!(one, veil(1).name("PU1", "Ada Renamed"));
        assert_ne!(one, veil(1).name("PU2", "Ada Busy"));
        assert_ne!(one, veil(2).name("PU1", "Ada Busy"));
        assert!(one.starts_with("Person ") && !one.contains("Ada"));
        assert_eq!(veil(1).email("ada@acme.example"), "");
        let told = veil(1).text("Ada Busy has not signed in.", "PU1", "Ada Busy");
        assert!(!told.contains("Ada"), "{told}");
    }
}
