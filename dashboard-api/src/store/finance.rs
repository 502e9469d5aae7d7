//! What chargeback, renewal and the FOCUS file are made of.

use std::collections::BTreeMap;

use jiff::{Span, civil::Date};
use jiff_sqlx::ToSqlx;
use proto::OrgId;

use super::{Result, Store};

/// One person's seat on the day that a month is charged by.
#[derive(Debug, Clone)]
pub struct ChargedSeat {
    pub user_id: String,
    pub name: String,
    pub license_id: String,
    pub license_name: String,
    pub team_ids: Vec<String>,
    pub team_duty: Vec<i64>,
}

#[derive(Debug, Clone)]
pub struct SeatsOfLicense {
    pub license_id: String,
    pub name: String,
    pub purchased: Option<i64>,
    pub assigned: i64,
    /// Seats that open recommendations would give back.
    pub reclaimable: i64,
}

impl Store {
    /// The people of the last known day of a month. Without one there is nobody.
    pub async fn charged_seats(&self, org: OrgId, month: Date) -> Result<(Date, Vec<ChargedSeat>)> {
        let mut tx = self.begin(org).await?;
        let end = month.saturating_add(Span::new().months(1));
        let day = sqlx::query_scalar!(
            "select max(day) from person_days where org_id = $1 and day >= $2 and day < $3",
            org.0,
            month.to_sqlx() as _,
            end.to_sqlx() as _,
        )
        .fetch_one(&mut *tx)
        .await?;
        let Some(day) = day.map(jiff_sqlx::Date::to_jiff) else {
            return Ok((month, Vec::new()));
        };
        let rows = sqlx::query_as!(
            ChargedSeat,
            r#"select p.user_id, coalesce(u.name, '') as "name!", p.license_id,
                   coalesce(l.name, p.license_id) as "license_name!", p.team_ids, p.team_duty
               from person_days p
               left join users u on u.org_id = $1 and u.connection_id = p.connection_id
                   and u.id = p.user_id
               left join licenses l on l.org_id = $1 and l.connection_id = p.connection_id
                   and l.id = p.license_id
               where p.org_id = $1 and p.day = $2 and p.license_id <> ''
               order by p.license_id, p.connection_id, p.user_id"#,
            org.0,
            day.to_sqlx() as _,
        )
        .fetch_all(&mut *tx)
        .await?;
        Ok((day, rows))
    }

    /// Seats that are paid for on a day: those with a limit.
    pub async fn paid_seats(&self, org: OrgId, day: Date) -> Result<BTreeMap<String, i64>> {
        let days = self.license_days(org, day).await?;
        let last = days.into_iter().filter_map(|(license, days)| {
            let newest = days.last()?;
            Some((license, newest.purchased?.max(newest.assigned)))
        });
        Ok(last.collect())
    }

    pub async fn team_names(&self, org: OrgId) -> Result<BTreeMap<String, String>> {
        let mut tx = self.begin(org).await?;
        let rows = sqlx::query!("select id, name from teams where org_id = $1", org.0)
            .fetch_all(&mut *tx)
            .await?;
        Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
    }

    /// The newest day of each license, and what could be given back of it.
    pub async fn renewal_seats(&self, org: OrgId, today: Date) -> Result<Vec<SeatsOfLicense>> {
        let mut tx = self.begin(org).await?;
        let rows = sqlx::query_as!(
            SeatsOfLicense,
            r#"select d.license_id, d.name, d.purchased, d.assigned,
                   (select count(*) from recommendations r
                    where r.org_id = $1 and r.connection_id = d.connection_id
                        and r.license_id = d.license_id and r.raised
                        and r.kind in ('reclaim', 'downgrade')
                        and r.state in ('open', 'accepted')) as "reclaimable!"
               from license_days d
               where d.org_id = $1 and d.day = (
                   select max(day) from license_days m
                   where m.org_id = $1 and m.connection_id = d.connection_id and m.day <= $2)
               order by d.name, d.license_id"#,
            org.0,
            today.to_sqlx() as _,
        )
        .fetch_all(&mut *tx)
        .await?;
        Ok(rows)
    }
}
