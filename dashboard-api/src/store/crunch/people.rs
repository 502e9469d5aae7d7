//! People, their seats, teams, sign-ins and presence.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use proto::OrgId;
use uuid::Uuid;

use super::{Result, Tx};
use crate::crunch::Person;

pub(super) async fn people(tx: Tx<'_>, org: OrgId, connection: Uuid) -> Result<Vec<Person>> {
    let teams = Teams::read(tx, org, connection).await?;
    let rows = sqlx::query!(
        r#"select u.id, u.name, u.email, u.role, u.job_title, u.time_zone, u.invitation_sent,
               u.first_seen_at, u.team_ids, u.contact_method_types,
               a.license_id as "license_id?", a.allocated_at as "allocated_at?",
               l.name as "license_name?", l.role_group as "role_group?",
               n.created_at as "created_at?", n.last_sign_in_at as "last_sign_in_at?",
               n.downloaded_mobile_app as "downloaded_mobile_app?", s.newest as "newest?"
           from users u
           left join license_allocations a on a.org_id = u.org_id
               and a.connection_id = u.connection_id and a.user_id = u.id
               and a.deleted_at is null
           left join licenses l on l.org_id = a.org_id and l.connection_id = a.connection_id
               and l.id = a.license_id and l.deleted_at is null
           left join user_analytics n on n.org_id = u.org_id
               and n.connection_id = u.connection_id and n.user_id = u.id
               and n.deleted_at is null
           left join (
               select owner_id, max(created_at) as newest from resources
               where org_id = $1 and connection_id = $2 and dataset = 'user_delegations'
                   and type in ('web', 'mobile')
               group by owner_id
           ) s on s.owner_id = u.id
           where u.org_id = $1 and u.connection_id = $2 and u.deleted_at is null
           order by u.id"#,
        org.0,
        connection,
    )
    .fetch_all(&mut **tx)
    .await?;
    let people = rows.into_iter().map(|row| Person {
        teams: teams.of(&row.id, &row.team_ids),
        id: row.id,
        name: row.name,
        email: row.email,
        role: row.role,
        job_title: row.job_title,
        time_zone: row.time_zone,
        invited: row.invitation_sent,
        first_seen_at: row.first_seen_at.to_jiff(),
        license_id: row.license_id,
        license_name: row.license_name,
        license_role_group: row.role_group,
        allocated_at: row.allocated_at.map(jiff_sqlx::Timestamp::to_jiff),
        created_at: row.created_at.map(jiff_sqlx::Timestamp::to_jiff),
        last_sign_in_at: row.last_sign_in_at.map(jiff_sqlx::Timestamp::to_jiff),
        newest_session_at: row.newest.map(jiff_sqlx::Timestamp::to_jiff),
        contact_method_types: row.contact_method_types,
        downloaded_mobile_app: row.downloaded_mobile_app,
    });
    Ok(people.collect())
}

/// Names of teams, and the members that a team names itself.
struct Teams {
    names: BTreeMap<String, String>,
    of_member: HashMap<String, BTreeSet<String>>,
}

impl Teams {
    async fn read(tx: Tx<'_>, org: OrgId, connection: Uuid) -> Result<Self> {
        let rows = sqlx::query!(
            r#"select id, name, array(select m.user_id
                   from jsonb_to_recordset(members) as m(user_id text)) as "members!: Vec<String>"
               from teams where org_id = $1 and connection_id = $2 and deleted_at is null"#,
            org.0,
            connection,
        )
        .fetch_all(&mut **tx)
        .await?;
        let mut teams = Self {
            names: BTreeMap::new(),
            of_member: HashMap::new(),
        };
        for row in rows {
            for member in row.members {
                teams
                    .of_member
                    .entry(member)
                    .or_default()
                    .insert(row.id.clone());
            }
            teams.names.insert(row.id, row.name);
        }
        Ok(teams)
    }

    /// The teams of a user, by id.
    fn of(&self, user: &str, own: &[String]) -> Vec<(String, String)> {
        let mut ids: BTreeSet<&String> = own.iter().collect();
        ids.extend(self.of_member.get(user).into_iter().flatten());
        let named = |id: &String| (id.clone(), self.names.get(id).unwrap_or(id).clone());
        ids.into_iter().map(named).collect()
    }
}
