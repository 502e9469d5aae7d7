//! Words for the scripted account: people, teams, services, incident titles. Only words.

use super::Frame;
use super::dice::Dice;
use super::people::Persona;

const GIVEN: [&str; 40] = [
    "Ada", "Bruno", "Chiara", "Dmitri", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kira",
    "Liam", "Mara", "Nils", "Olga", "Pablo", "Quinn", "Rosa", "Sven", "Tara", "Ugo", "Vera",
    "Wanda", "Xavier", "Yara", "Zeno", "Amir", "Bea", "Cem", "Dora", "Emil", "Freya", "Gabor",
    "Hana", "Ivo", "Jana", "Karim", "Lena", "Milo", "Nora",
];
const FAMILY: [&str; 37] = [
    "Abbott", "Berger", "Castro", "Dalton", "Egede", "Fischer", "Grant", "Holm", "Ito", "Jansen",
    "Keller", "Lopez", "Moreau", "Novak", "Okoye", "Pereira", "Quist", "Rossi", "Santos", "Thorne",
    "Ueda", "Varga", "Weber", "Xu", "Young", "Zeller", "Adler", "Bianchi", "Costa", "Duarte",
    "Evans", "Ferreira", "Gomez", "Hughes", "Ivanov", "Jung", "Kumar",
];
const AREAS: [&str; 20] = [
    "Payments",
    "Checkout",
    "Search",
    "Identity",
    "Platform",
    "Mobile",
    "Data",
    "Billing",
    "Catalog",
    "Shipping",
    "Network",
    "Storage",
    "Observability",
    "Messaging",
    "Risk",
    "Partners",
    "Pricing",
    "Media",
    "Support",
    "Edge",
];
const PARTS: [&str; 12] = [
    "API",
    "Worker",
    "Gateway",
    "Database",
    "Cache",
    "Scheduler",
    "Web",
    "Queue",
    "Exporter",
    "Proxy",
    "Batch",
    "Index",
];
const TROUBLES: [&str; 10] = [
    "latency above threshold",
    "error rate above 5 %",
    "disk almost full",
    "health check failing",
    "queue backlog growing",
    "certificate expires soon",
    "replica lag",
    "memory pressure",
    "no data received",
    "synthetic check failed",
];
const ZONES: [&str; 6] = [
    "Europe/Berlin",
    "America/New_York",
    "America/Los_Angeles",
    "Europe/London",
    "Asia/Kolkata",
    "Etc/UTC",
];

/// The word an account's subdomain and e-mail domain are made of.
pub(crate) fn account(index: u32) -> String {
    match index {
        0 => "acme".to_owned(),
        1 => "globex".to_owned(),
        2 => "euro".to_owned(),
        n => format!("account{n}"),
    }
}

/// Display name and e-mail of the `n`-th person.
pub(crate) fn person(frame: &Frame, n: usize) -> (String, String) {
    let domain = format!("{}.example", account(frame.account));
    let shift = (frame.key % 1_000) as usize;
    let given = GIVEN
        .get((n * 7 + shift) % GIVEN.len())
        .copied()
        .unwrap_or("Ada");
    let family = FAMILY
        .get((n * 5 + n / GIVEN.len() + shift) % FAMILY.len())
        .copied()
        .unwrap_or("Abbott");
    let email = if n == 0 {
        format!("admin@{domain}")
    } else {
        format!(
            "{}.{}.{n}@{domain}",
            given.to_lowercase(),
            family.to_lowercase()
        )
    };
    (format!("{given} {family}"), email)
}

pub(crate) fn job_title(persona: Persona, dice: &mut Dice) -> &'static str {
    use Persona as P;
    let titles: &[&'static str] = match persona {
        P::Admin => &["Platform Lead"],
        P::Onlooker | P::Communicator | P::AbsentStakeholder => {
            &["Account Manager", "Support Lead", "Director"]
        }
        P::Viewer | P::FormerViewer => &["Engineering Manager", "Product Manager", "Analyst"],
        _ => &[
            "Site Reliability Engineer",
            "Software Engineer",
            "Operations Engineer",
        ],
    };
    dice.pick(titles).unwrap_or("Engineer")
}

pub(crate) fn time_zone(dice: &mut Dice) -> &'static str {
    dice.pick(&ZONES).unwrap_or("Etc/UTC")
}

pub(crate) fn team(n: usize) -> String {
    numbered(
        AREAS.get(n % AREAS.len()).copied().unwrap_or("Team"),
        n / AREAS.len(),
    )
}

pub(crate) fn service(team: usize, n: usize) -> String {
    let part = PARTS
        .get((n * 5 + team) % PARTS.len())
        .copied()
        .unwrap_or("API");
    format!("{} {part} {n}", self::team(team))
}

/// The title of an incident.
pub(crate) fn trouble(n: u8) -> &'static str {
    TROUBLES
        .get(usize::from(n) % TROUBLES.len())
        .copied()
        .unwrap_or("trouble")
}

fn numbered(word: &str, round: usize) -> String {
    if round == 0 {
        word.to_owned()
    } else {
        format!("{word} {}", round + 1)
    }
}
