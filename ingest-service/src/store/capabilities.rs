//! What an access can read, as PagerDuty answered the last time.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use proto::{
    ConnectionId, OrgId,
    facts::v1::{Completeness, Dataset},
};

use super::{Store, StoreError};
use crate::probe::Capability;

impl Store {
    /// Keeps what was found.
    pub async fn save_capabilities(
        &self,
        (org, connection): (OrgId, ConnectionId),
        found: &[Capability],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let datasets: Vec<String> = found
            .iter()
            .map(|one| one.dataset.name().to_owned())
            .collect();
        let accesses: Vec<String> = found
            .iter()
            .map(|one| one.access.name().to_owned())
            .collect();
        let reasons: Vec<String> = found.iter().map(|one| one.reason.clone()).collect();
        let mut tx = self.scoped(org).await?;
        sqlx::query!(
            "insert into capabilities (org_id, connection_id, dataset, access, reason, probed_at)
             select $1, $2, *, $6::timestamptz from unnest($3::text[], $4::text[], $5::text[])
             on conflict (org_id, connection_id, dataset) do update set
                 access = excluded.access, reason = excluded.reason, probed_at = excluded.probed_at",
            org.0,
            connection.0,
            &datasets,
            &accesses,
            &reasons,
            now.to_sqlx(),
        )
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    /// What was found, and when that was asked for the last time.
    pub async fn capabilities(
        &self,
        org: OrgId,
        connection: ConnectionId,
    ) -> Result<(Vec<Capability>, Option<Timestamp>), StoreError> {
        let mut tx = self.scoped(org).await?;
        let rows = sqlx::query!(
            "select dataset, access, reason, probed_at from capabilities
             where org_id = $1 and connection_id = $2",
            org.0,
            connection.0,
        )
        .fetch_all(&mut *tx)
        .await?;
        let newest = rows.iter().map(|row| row.probed_at.to_jiff()).max();
        let known = rows.into_iter().filter_map(|row| {
            Some(Capability {
                dataset: Dataset::from_name(&row.dataset)?,
                access: Completeness::from_name(&row.access)?,
                reason: row.reason,
            })
        });
        Ok((known.collect(), newest))
    }
}
