//! What a recommendation saves. Packs are step functions: a seat of a pack saves nothing until a
//! whole pack is left over, and costs nothing while a slot is free.

use std::collections::BTreeMap;

use super::Setting;
use crate::money::{Per, Price, PriceBook, monthly_of};

/// A license of the account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct License {
    pub id: String,
    pub name: String,
    pub role_group: String,
    pub valid_roles: Vec<String>,
    pub assigned: i64,
    /// `None`: without a limit.
    pub free: Option<i64>,
}

/// Minor units, or the price that is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saving {
    pub monthly: Option<i64>,
    pub yearly: Option<i64>,
    /// Id of the license or add-on without a price.
    pub missing: Option<String>,
    /// Paid for a year: realizable at the renewal only.
    pub at_renewal: bool,
}

impl Saving {
    /// Nothing is counted.
    pub fn none() -> Self {
        Self {
            monthly: None,
            yearly: None,
            missing: None,
            at_renewal: false,
        }
    }

    fn missing(id: &str) -> Self {
        Self {
            missing: Some(id.to_owned()),
            ..Self::none()
        }
    }

    fn of(yearly: i64, per: Per) -> Self {
        Self {
            monthly: Some(monthly_of(yearly)),
            yearly: Some(yearly),
            missing: None,
            at_renewal: per == Per::Year,
        }
    }

    pub(super) fn of_addon(prices: &PriceBook, addon: &str) -> Self {
        prices.addons.get(addon).map_or_else(
            || Self::missing(addon),
            |price| Self::of(price.yearly(), price.per),
        )
    }
}

/// Roles that a license for onlookers has to allow.
const ONLOOKER_ROLES: [&str; 3] = ["read_only_user", "read_only_limited_user", "observer"];

/// The stakeholder license that a full user could move to: one with room first.
pub(super) fn stakeholder_license(licenses: &[License]) -> Option<&License> {
    let allows = |license: &&License| {
        license.role_group == "Stakeholder"
            && (license.valid_roles.is_empty()
                || license
                    .valid_roles
                    .iter()
                    .any(|role| ONLOOKER_ROLES.contains(&role.as_str())))
    };
    let fitting = licenses.iter().filter(allows);
    fitting.min_by_key(|license| (license.free == Some(0), license.id.as_str()))
}

/// Counts seats as recommendations take and give them, one after another, so that the savings of
/// all of them sum to what would really be saved.
#[derive(Debug)]
pub(super) struct Ledger<'a> {
    setting: Setting<'a>,
    /// Seats left by license.
    assigned: BTreeMap<&'a str, i64>,
    /// Free slots by license; absent: without a limit.
    free: BTreeMap<&'a str, i64>,
}

impl<'a> Ledger<'a> {
    pub(super) fn new(setting: &Setting<'a>) -> Self {
        let all = setting.licenses.iter();
        Self {
            assigned: all
                .clone()
                .map(|license| (license.id.as_str(), license.assigned))
                .collect(),
            free: all
                .filter_map(|license| Some((license.id.as_str(), license.free?)))
                .collect(),
            setting: *setting,
        }
    }

    fn price(&self, license: &str) -> Option<Price> {
        let Setting { prices, today, .. } = self.setting;
        prices.of_license(license, today)
    }

    /// One seat is given back.
    pub(super) fn reclaim(&mut self, license: Option<&str>) -> Saving {
        let Some(license) = license else {
            return Saving::none();
        };
        let Some(price) = self.price(license) else {
            return Saving::missing(license);
        };
        Saving::of(self.give_back(license, &price), price.per)
    }

    fn give_back(&mut self, license: &str, price: &Price) -> i64 {
        let Some(left) = self.assigned.get_mut(license) else {
            return price.yearly_of(1);
        };
        let before = price.yearly_of(*left);
        *left -= 1;
        before - price.yearly_of(*left)
    }

    /// One full user becomes a stakeholder.
    pub(super) fn downgrade(&mut self, from: Option<&str>, to: &'a License) -> Saving {
        let Some(from) = from else {
            return Saving::none();
        };
        let (Some(full), Some(less)) = (self.price(from), self.price(&to.id)) else {
            let missing = if self.price(from).is_none() {
                from
            } else {
                &to.id
            };
            return Saving::missing(missing);
        };
        let saved = self.give_back(from, &full);
        Saving::of(saved - self.take(to, &less), full.per)
    }

    /// What one more seat of a license costs: of a pack nothing while a slot is free, a whole pack
    /// when not.
    fn take(&mut self, license: &'a License, price: &Price) -> i64 {
        if !price.is_pack() {
            return price.yearly();
        }
        let Some(free) = self.free.get_mut(license.id.as_str()) else {
            return 0;
        };
        if *free > 0 {
            *free -= 1;
            return 0;
        }
        *free += price.pack_size.unwrap_or(1) - 1;
        price.yearly()
    }
}

#[cfg(test)]
mod tests {
    use jiff::{Timestamp, civil::Date};
    use rstest::rstest;

    use super::*;
    use crate::window::Window;

    fn license(id: &str, role_group: &str, assigned: i64, free: Option<i64>) -> License {
        License {
            id: id.to_owned(),
            name: id.to_owned(),
            role_group: role_group.to_owned(),
            valid_roles: Vec::new(),
            assigned,
            free,
        }
    }

    fn book(prices: &[(&str, i64, Per, Option<i64>)]) -> PriceBook {
        let mut book = PriceBook::default();
        for (id, amount_minor, per, pack_size) in prices {
            let price = Price {
                amount_minor: *amount_minor,
                per: *per,
                pack_size: *pack_size,
                valid_from: Date::constant(2026, 1, 1),
            };
            book.licenses.insert((*id).to_owned(), vec![price]);
        }
        book
    }

    fn setting<'a>(licenses: &'a [License], prices: &'a PriceBook) -> Setting<'a> {
        Setting {
            window: Window::Days90,
            licenses,
            prices,
            now: Timestamp::UNIX_EPOCH,
            today: Date::constant(2026, 11, 23),
        }
    }

    const FULL: (&str, i64, Per, Option<i64>) = ("F", 4_100, Per::Month, None);

    #[rstest]
    #[case::a_slot_is_free(Some(5), Some(50), vec![4_100, 4_100])]
    #[case::one_slot_is_free(Some(1), Some(50), vec![4_100, 4_100 - 15_000, 4_100])]
    #[case::no_slot_is_free(Some(0), Some(2), vec![4_100 - 15_000, 4_100, 4_100 - 15_000])]
    #[case::without_a_limit(None, Some(50), vec![4_100])]
    #[case::priced_by_seat(Some(5), None, vec![4_100 - 15_000])]
    fn a_downgrade_saves_the_difference(
        #[case] free: Option<i64>,
        #[case] pack: Option<i64>,
        #[case] expected: Vec<i64>,
    ) {
        let licenses = [
            license("F", "FullUser", 10, Some(0)),
            license("S", "Stakeholder", 1, free),
        ];
        let prices = book(&[FULL, ("S", 15_000, Per::Month, pack)]);
        let mut ledger = Ledger::new(&setting(&licenses, &prices));
        let to = stakeholder_license(&licenses).expect("there is one");
        for monthly in expected {
            assert_eq!(ledger.downgrade(Some("F"), to).monthly, Some(monthly));
        }
    }

    #[test]
    fn a_seat_of_a_pack_saves_nothing_until_a_pack_is_left_over() {
        let licenses = [license("S", "Stakeholder", 52, Some(48))];
        let prices = book(&[("S", 120_000, Per::Year, Some(50))]);
        let mut ledger = Ledger::new(&setting(&licenses, &prices));
        let savings: Vec<_> = (0..3).map(|_| ledger.reclaim(Some("S")).yearly).collect();
        assert_eq!(savings, [Some(0), Some(120_000), Some(0)]);
        assert!(ledger.reclaim(Some("S")).at_renewal);
    }

    #[test]
    fn a_missing_price_is_named_and_nothing_is_saved() {
        let licenses = [
            license("F", "FullUser", 10, None),
            license("S", "Stakeholder", 1, None),
        ];
        let prices = book(&[FULL]);
        let mut ledger = Ledger::new(&setting(&licenses, &prices));
        assert_eq!(ledger.reclaim(Some("S")), Saving::missing("S"));
        let to = stakeholder_license(&licenses).expect("there is one");
        assert_eq!(ledger.downgrade(Some("F"), to), Saving::missing("S"));
        assert_eq!(Saving::of_addon(&prices, "aiops"), Saving::missing("aiops"));
    }

    #[test]
    fn the_license_must_allow_onlookers_and_room_comes_first() {
        let mut full = license("A", "Stakeholder", 1, Some(0));
        full.valid_roles = vec!["read_only_user".to_owned()];
        let roomy = License {
            id: "B".to_owned(),
            free: Some(3),
            ..full.clone()
        };
        let other = License {
            id: "0".to_owned(),
            valid_roles: vec!["admin".to_owned()],
            ..roomy.clone()
        };
        let id = |licenses: &[License]| stakeholder_license(licenses).map(|one| one.id.clone());
        assert_eq!(
            id(&[full.clone(), roomy, other.clone()]).as_deref(),
            Some("B")
        );
        assert_eq!(id(&[full]).as_deref(), Some("A"));
        assert_eq!(id(&[other, license("F", "FullUser", 1, None)]), None);
    }
}
