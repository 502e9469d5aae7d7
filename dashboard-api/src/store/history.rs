//! What days before were like: seats by license, and the class of one person.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff_sqlx::ToSqlx;
use proto::OrgId;
use uuid::Uuid;

use super::{Result, Store};
use crate::{
    history::LicenseDay,
    seat::{Class, ClassCounts},
    window::Window,
};

/// Seats of one license on one day, by class.
#[derive(Debug, Clone)]
pub struct LicenseDayRow {
    pub day: Date,
    pub license_id: String,
    pub counts: ClassCounts,
}

impl Store {
    /// All days up to one, in order.
    pub async fn license_history(
        &self,
        org: OrgId,
        until: Date,
        window: Window,
    ) -> Result<Vec<LicenseDayRow>> {
        let mut tx = self.begin(org).await?;
        let rows = sqlx::query!(
            r#"select day, license_id, class, sum(seats)::bigint as "seats!" from seat_history
               where org_id = $1 and window_days = $2 and day <= $3
               group by day, license_id, class order by day, license_id"#,
            org.0,
            window.days() as i32,
            until.to_sqlx() as _,
        )
        .fetch_all(&mut *tx)
        .await?;
        let mut days: BTreeMap<(Date, String), ClassCounts> = BTreeMap::new();
        for row in rows {
            if let Some(class) = Class::from_name(&row.class) {
                let counts = days.entry((row.day.to_jiff(), row.license_id)).or_default();
                counts.add(class, row.seats);
            }
        }
        let rows = days
            .into_iter()
            .map(|((day, license_id), counts)| LicenseDayRow {
                day,
                license_id,
                counts,
            });
        Ok(rows.collect())
    }

    /// Purchased and assigned seats of each license, day by day up to one.
    pub async fn license_days(
        &self,
        org: OrgId,
        until: Date,
    ) -> Result<BTreeMap<String, Vec<LicenseDay>>> {
        let mut tx = self.begin(org).await?;
        let rows = sqlx::query!(
            r#"select license_id, day, sum(purchased)::bigint as purchased,
                   bool_or(purchased is null) as "unlimited!", sum(assigned)::bigint as "assigned!"
               from license_days where org_id = $1 and day <= $2
               group by license_id, day order by license_id, day"#,
            org.0,
            until.to_sqlx() as _,
        )
        .fetch_all(&mut *tx)
        .await?;
        let mut days: BTreeMap<String, Vec<LicenseDay>> = BTreeMap::new();
        for row in rows {
            days.entry(row.license_id).or_default().push(LicenseDay {
                day: row.day.to_jiff(),
                purchased: row.purchased.filter(|_| !row.unlimited),
                assigned: row.assigned,
            });
        }
        Ok(days)
    }

    /// The class of one person on each known day.
    pub async fn person_history(
        &self,
        org: OrgId,
        connection: Uuid,
        user: &str,
    ) -> Result<Vec<(Date, String)>> {
        let mut tx = self.begin(org).await?;
        let rows = sqlx::query!(
            "select day, class from person_days
             where org_id = $1 and connection_id = $2 and user_id = $3 order by day",
            org.0,
            connection,
            user,
        )
        .fetch_all(&mut *tx)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| (row.day.to_jiff(), row.class))
            .collect())
    }
}
