//! Erasing a person: whatever names them is blanked, whatever counts them stays.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use proto::OrgId;

use super::{Result, Store};

impl Store {
    /// Blanks name, address and title of a user in facts and in answers, now and from now on.
    pub async fn erase_person(&self, org: OrgId, user: &str, now: Timestamp) -> Result<()> {
        let mut tx = self.begin(org).await?;
        sqlx::query!(
            "insert into erased_people (org_id, user_id, erased_at) values ($1, $2, $3)
             on conflict do nothing",
            org.0,
            user,
            now.to_sqlx() as _,
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!(
            "update recommendations set sentence = replace(sentence, user_name, user_id),
                 blockers = replace(blockers::text, to_json(user_name)::text,
                     to_json(user_id)::text)::jsonb
             where org_id = $1 and user_id = $2 and user_name <> ''",
            org.0,
            user,
        )
        .execute(&mut *tx)
        .await?;
        // One statement for each table that names people.
        sqlx::query!(
            "with u as (update users set name = '', email = '', job_title = ''
                  where org_id = $1 and id = $2 returning 1),
              s as (update seats set name = '', email = '', job_title = ''
                  where org_id = $1 and user_id = $2 returning 1),
              r as (update recommendations set user_name = ''
                  where org_id = $1 and user_id = $2 returning 1),
              l as (update oncall_load set name = '' where org_id = $1 and user_id = $2 returning 1),
              p as (update single_levels set name = '' where org_id = $1 and user_id = $2 returning 1)
             update settings set revision = revision + 1 where org_id = $1",
            org.0,
            user,
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!(
            "insert into settings (org_id) values ($1) on conflict do nothing",
            org.0,
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }
}
