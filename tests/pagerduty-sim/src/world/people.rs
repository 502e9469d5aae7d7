//! Who has a seat, in which part: every class of seat occurs in every size, in known ways.
//! What people do day by day belongs to `storyline`.

mod sign_ins;

use super::dice::Dice;
use super::ident::{Kind, object_id};
use super::{DAY, Frame};
pub(crate) use sign_ins::SignIns;

/// The part a person plays, for as long as the account lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Persona {
    /// Runs the account: signs in every other day and acts now and then.
    Admin,
    /// On call and answers.
    Responder,
    /// On call, notified, never answers.
    Ghost,
    /// Not on call; opens incidents, writes notes and status updates.
    Contributor,
    /// Full-user license, signs in, never acts.
    Viewer,
    /// Stakeholder who signs in.
    Onlooker,
    /// Stakeholder who posts status updates and answers responder requests.
    Communicator,
    /// Stakeholder who never came.
    AbsentStakeholder,
    /// Invited long ago, never accepted.
    PendingOld,
    /// Invited in the last days, not yet accepted.
    PendingNew,
    /// Seat allocated in the last days, nothing done yet.
    Newcomer,
    /// Two years in the account, moved to a full license in the last days, nothing done since.
    Promoted,
    /// Acted until some day, nothing since.
    Lapsed,
    /// Was on a rotation until some day, nothing since.
    FormerOnCall,
    /// Signed in until some day, never acted.
    FormerViewer,
    /// Never used anything.
    Unused,
    /// On a schedule that no escalation policy uses.
    Standby,
    /// Changes the configuration and does nothing else.
    Configurer,
    /// Plans maintenance windows and does nothing else.
    Planner,
    /// Runs automation actions and does nothing else.
    Automator,
    /// Edits an event orchestration and does nothing else.
    Architect,
    /// Full-user license; answers responder requests and posts status updates, nothing a stakeholder could not.
    Herald,
}

/// Forty seats; larger accounts repeat the cast.
const CAST: [Persona; 40] = {
    use Persona as P;
    [
        P::Admin,
        P::Admin,
        P::Responder,
        P::Viewer,
        P::Responder,
        P::Ghost,
        P::Lapsed,
        P::Responder,
        P::Contributor,
        P::Responder,
        P::Onlooker,
        P::PendingOld,
        P::Responder,
        P::Newcomer,
        P::Responder,
        P::Standby,
        P::Communicator,
        P::Responder,
        P::Viewer,
        P::Contributor,
        P::Responder,
        P::Lapsed,
        P::Configurer,
        P::Unused,
        P::Ghost,
        P::Responder,
        P::FormerOnCall,
        P::Architect,
        P::Automator,
        P::AbsentStakeholder,
        P::PendingNew,
        P::Responder,
        P::Lapsed,
        P::Viewer,
        P::FormerViewer,
        P::Planner,
        P::Contributor,
        P::Promoted,
        P::Herald,
        P::Onlooker,
    ]
};

/// Days before the anchor on which the lapsed stopped, in turn.
const LAPSES: [i64; 8] = [50, 130, 220, 95, 170, 290, 40, 185];

/// PagerDuty's roles as the API spells them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Account owner.
    Owner,
    /// Global admin.
    Admin,
    /// Manager.
    User,
    /// Responder.
    LimitedUser,
    /// Observer.
    Observer,
    /// Restricted access.
    RestrictedAccess,
    /// Full stakeholder.
    ReadOnlyUser,
    /// Limited stakeholder.
    ReadOnlyLimitedUser,
}

impl Role {
    /// The API's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::User => "user",
            Self::LimitedUser => "limited_user",
            Self::Observer => "observer",
            Self::RestrictedAccess => "restricted_access",
            Self::ReadOnlyUser => "read_only_user",
            Self::ReadOnlyLimitedUser => "read_only_limited_user",
        }
    }

    /// Whether the role belongs to the Stakeholder group.
    #[must_use]
    pub const fn is_stakeholder(self) -> bool {
        matches!(self, Self::ReadOnlyUser | Self::ReadOnlyLimitedUser)
    }
}

/// A person with a seat.
#[derive(Debug, Clone)]
pub struct User {
    /// PagerDuty's id.
    pub id: String,
    /// Display name.
    pub name: String,
    /// Sign-in e-mail.
    pub email: String,
    /// Base role.
    pub role: Role,
    /// The part played.
    pub persona: Persona,
    /// Position in the world's licenses.
    pub license: usize,
    /// When the license was allocated, seconds since 1970.
    pub allocated_at: i64,
    /// When the user was created, seconds since 1970.
    pub created_at: i64,
    /// Whether an invitation is outstanding.
    pub invitation_sent: bool,
    /// Whether single sign-on made the user.
    pub created_via_sso: bool,
    /// Job title.
    pub job_title: &'static str,
    /// IANA zone.
    pub time_zone: &'static str,
    /// Position in the world's teams, for those in one.
    pub team: Option<usize>,
    /// A second team, for the few who are in two.
    pub second_team: Option<usize>,
    /// Whether the mobile app was downloaded.
    pub has_mobile_app: bool,
    /// From here on the person does nothing any more.
    pub(crate) stops_at: i64,
    pub(crate) sign_ins: SignIns,
}

impl User {
    /// The teams the person is in.
    pub fn teams(&self) -> impl Iterator<Item = usize> {
        self.team.into_iter().chain(self.second_team)
    }

    /// Whether the person does things to incidents at that instant.
    pub(crate) fn acts_at(&self, instant: i64) -> bool {
        use Persona as P;
        matches!(
            self.persona,
            P::Admin | P::Responder | P::Contributor | P::Lapsed | P::FormerOnCall
        ) && instant < self.stops_at
            && instant >= self.created_at
    }

    /// The sign-in that the analytics of that instant's UTC day show: the pipeline runs at
    /// midnight, so a sign-in of today is not in it yet.
    #[must_use]
    pub fn last_sign_in(&self, instant: i64) -> Option<i64> {
        let midnight = instant.div_euclid(DAY) * DAY;
        self.sign_ins
            .last_before(midnight)
            .filter(|at| *at >= self.created_at)
    }
}

/// Makes the people.
pub(crate) fn users(frame: &Frame, count: usize, teams: usize) -> Vec<User> {
    let mut lapses = LAPSES.iter().copied().cycle();
    let mut responders = 0;
    (0..count)
        .map(|n| {
            let persona = CAST.get(n % CAST.len()).copied().unwrap_or(Persona::Unused);
            let mut dice = Dice::new(&[frame.key, 1, n as u64]);
            let lapse = if persona == Persona::Lapsed {
                lapses.next().unwrap_or(130)
            } else {
                0
            };
            let team = team_of(persona, &mut responders, teams, &mut dice);
            person(frame, n, persona, Draft { lapse, team, dice })
        })
        .collect()
}

struct Draft {
    lapse: i64,
    team: Option<usize>,
    dice: Dice,
}

fn team_of(
    persona: Persona,
    responders: &mut usize,
    teams: usize,
    dice: &mut Dice,
) -> Option<usize> {
    use Persona as P;
    match persona {
        P::Responder => {
            *responders += 1;
            Some((*responders - 1) % teams)
        }
        P::Ghost
        | P::FormerOnCall
        | P::Contributor
        | P::Lapsed
        | P::Viewer
        | P::Standby
        | P::Configurer
        | P::Planner
        | P::Automator
        | P::Architect
        | P::Herald => Some(dice.below(teams as u64) as usize),
        _ => dice.chance(30).then(|| dice.below(teams as u64) as usize),
    }
}

fn person(frame: &Frame, n: usize, persona: Persona, draft: Draft) -> User {
    let teams = frame.size.teams();
    let Draft {
        lapse,
        team,
        mut dice,
    } = draft;
    let role = role_of(n, persona, &mut dice);
    let created_at = created_at(frame, persona, &mut dice);
    let allocated_at = match persona {
        Persona::Promoted => frame.anchor - dice.between(4, 20) * DAY + 3_600,
        _ => created_at + dice.between(0, 50),
    };
    let stops_at = match persona {
        Persona::Lapsed => frame.anchor - lapse * DAY,
        Persona::FormerOnCall => frame.anchor - 110 * DAY,
        Persona::FormerViewer => frame.anchor - 150 * DAY,
        _ => i64::MAX,
    };
    let (name, email) = super::names::person(frame, n);
    User {
        id: object_id(frame.key, Kind::User, n as u64),
        name,
        email,
        role,
        persona,
        license: if role.is_stakeholder() {
            2
        } else {
            usize::from(n % 11 == 10)
        },
        allocated_at,
        created_at,
        invitation_sent: matches!(persona, Persona::PendingOld | Persona::PendingNew),
        created_via_sso: n.is_multiple_of(3),
        job_title: super::names::job_title(persona, &mut dice),
        time_zone: super::names::time_zone(&mut dice),
        team,
        second_team: team
            .map(|team| (team + 1) % teams)
            .filter(|second| n % 12 == 7 && Some(*second) != team),
        has_mobile_app: matches!(persona, Persona::Responder | Persona::Contributor)
            && dice.chance(70),
        stops_at,
        sign_ins: sign_ins(persona, stops_at, frame, &mut dice),
    }
}

fn role_of(n: usize, persona: Persona, dice: &mut Dice) -> Role {
    use Persona as P;
    match persona {
        P::Admin if n == 1 => Role::Owner,
        P::Admin => Role::Admin,
        P::Onlooker | P::Communicator => Role::ReadOnlyUser,
        P::AbsentStakeholder => Role::ReadOnlyLimitedUser,
        P::Viewer => dice
            .pick(&[Role::Observer, Role::User, Role::RestrictedAccess])
            .unwrap_or(Role::User),
        P::Unused => Role::Observer,
        P::Ghost | P::Standby | P::PendingNew => Role::LimitedUser,
        P::Responder => dice
            .pick(&[Role::LimitedUser, Role::LimitedUser, Role::User])
            .unwrap_or(Role::User),
        _ => Role::User,
    }
}

fn created_at(frame: &Frame, persona: Persona, dice: &mut Dice) -> i64 {
    let days = match persona {
        Persona::PendingNew => dice.between(3, 12),
        Persona::Newcomer => dice.between(4, 20),
        Persona::PendingOld => dice.between(100, 200),
        Persona::Unused | Persona::AbsentStakeholder => dice.between(200, 600),
        _ => dice.between(700, 1_050),
    };
    frame.anchor - days * DAY + dice.between(25_000, 60_000)
}

fn sign_ins(persona: Persona, until: i64, frame: &Frame, dice: &mut Dice) -> SignIns {
    use Persona as P;
    let (period, until) = match persona {
        P::Admin => (2, until),
        P::Contributor => (dice.between(2, 6), until),
        P::Configurer | P::Planner | P::Automator | P::Architect | P::Herald => {
            (dice.between(5, 12), until)
        }
        P::Ghost => (7, until),
        P::Viewer => (dice.between(4, 20), until),
        P::Onlooker | P::Communicator => (dice.between(8, 22), until),
        P::Lapsed | P::FormerOnCall | P::FormerViewer => (dice.between(3, 9), until),
        P::Responder if dice.chance(75) => (dice.between(2, 9), until),
        // Lives in the mobile app: the last sign-in is months old.
        P::Responder => (30, frame.anchor - 100 * DAY),
        P::Standby => (30, frame.anchor - 200 * DAY),
        P::Promoted => (30, frame.anchor - 240 * DAY),
        P::AbsentStakeholder | P::PendingOld | P::PendingNew | P::Newcomer | P::Unused => {
            return SignIns::Never;
        }
    };
    SignIns::Every {
        period,
        phase: dice.between(0, period - 1),
        second: dice.between(25_000, 60_000),
        until,
    }
}
