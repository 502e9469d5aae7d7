//! Receipts as pages show them.

use proto::OrgId;
use uuid::Uuid;

use super::{Result, Store};

#[derive(Debug, Clone)]
pub struct ReceiptRow {
    pub connection_id: Uuid,
    pub run_id: Uuid,
    pub dataset: String,
    pub window_from: Option<jiff_sqlx::Timestamp>,
    pub window_to: Option<jiff_sqlx::Timestamp>,
    pub pages: i32,
    pub expected: Option<i64>,
    pub received: i64,
    pub stored: i64,
    pub observed_at: jiff_sqlx::Timestamp,
}

impl Store {
    /// The newest first.
    pub async fn receipts(
        &self,
        org: OrgId,
        dataset: Option<&str>,
        skip: i64,
        limit: i64,
    ) -> Result<Vec<ReceiptRow>> {
        let mut tx = self.begin(org).await?;
        let rows = sqlx::query_as!(
            ReceiptRow,
            r#"select connection_id, run_id, dataset,
                   nullif(window_from, '-infinity') as window_from,
                   nullif(window_to, '-infinity') as window_to, pages, expected, received,
                   coalesce((select sum(p.records) from pages p
                       where p.org_id = c.org_id and p.run_id = c.run_id
                           and p.dataset = c.dataset and p.window_from = c.window_from
                           and p.window_to = c.window_to and p.page < c.pages), 0)::bigint
                       as "stored!",
                   observed_at
               from receipts c
               where org_id = $1 and ($2::text is null or dataset = $2)
               order by observed_at desc, run_id, dataset, c.window_from, c.window_to
               limit $3 offset $4"#,
            org.0,
            dataset,
            limit,
            skip,
        )
        .fetch_all(&mut *tx)
        .await?;
        Ok(rows)
    }
}
