"""Pages through the simulator with PagerDuty's own Python client and prints how many records each list holds.

Arguments: the base URL (https), an account API key, the range's two ends (ISO 8601, UTC).
The authority of the simulator's certificate is taken from REQUESTS_CA_BUNDLE and SSL_CERT_FILE.
"""

import json
import sys
from datetime import datetime, timedelta, timezone

import pagerduty


def windows(since, until, days):
    """Cuts a range into windows of so many days."""
    while since < until:
        end = min(since + timedelta(days=days), until)
        yield since, end
        since = end


def history(client, path, ends, days):
    """Counts a list of things that happened; everything comes once, by id."""
    ids = set()
    for since, until in windows(*ends, days):
        ids.update(row["id"] for row in client.iter_history(path, since, until))
    return len(ids)


def audit(client, ends):
    """Counts audit records: iter_history and iter_all yield nothing for lists that are read with a cursor."""
    ids = set()
    for since, until in windows(*ends, 31):
        params = {"since": since.isoformat(), "until": until.isoformat()}
        ids.update(row["id"] for row in client.iter_cursor("/audit/records", params=params))
    return len(ids)


def notifications(client, ends):
    """Counts notifications: the client knows no history of them."""
    ids = set()
    for since, until in windows(*ends, 80):
        params = {"since": since.isoformat(), "until": until.isoformat()}
        ids.update(row["id"] for row in client.iter_all("/notifications", params=params))
    return len(ids)


def oncalls(client, ends):
    """Counts on-call periods; windows overlap in them, so that they are told apart by what they say."""
    keys = set()
    for since, until in windows(*ends, 30):
        params = {"since": since.isoformat(), "until": until.isoformat(), "time_zone": "Etc/UTC"}
        for row in client.iter_all("/oncalls", params=params):
            schedule = row["schedule"] and row["schedule"]["id"]
            policy = row["escalation_policy"]["id"]
            user = row["user"]["id"]
            keys.add((user, policy, row["escalation_level"], schedule, row["start"], row["end"]))
    return len(keys)


def count(client, path, **params):
    """Counts a list, by whatever pagination the client knows for it."""
    return sum(1 for _ in client.iter_all(path, params=params))


def of_each(client, parents, path):
    """Counts what belongs to each of some objects."""
    return sum(count(client, path.format(id=parent["id"])) for parent in parents)


def paged(client, path, name):
    """Counts a list that the client does not know how to page."""
    rows = 0
    while True:
        page = client.jget(path, params={"offset": rows})
        rows += len(page[name])
        if not page["more"]:
            return rows


def main():
    url, key, since, until = sys.argv[1:]
    client = pagerduty.RestApiV2Client(key, base_url=url)
    ends = tuple(datetime.fromisoformat(end).astimezone(timezone.utc) for end in (since, until))
    users = list(client.iter_all("/users"))
    pages = client.jget("/status_pages")["status_pages"]
    teams = list(client.iter_all("/teams"))
    actions = list(client.iter_cursor("/automation_actions/actions"))
    runs = (
        client.jget("/automation_actions/invocations", params={"action_id": action["id"]})
        for action in actions
    )
    filters = {"created_at_start": since, "created_at_end": until}
    counts = {
        "users": len(users),
        "licenses": len(client.jget("/licenses")["licenses"]),
        "license_allocations": count(client, "/license_allocations"),
        "teams": len(teams),
        "team_members": of_each(client, teams, "/teams/{id}/members"),
        "services": count(client, "/services"),
        "escalation_policies": count(client, "/escalation_policies"),
        "priorities": count(client, "/priorities"),
        "abilities": len(client.jget("/abilities")["abilities"]),
        "tags": count(client, "/tags"),
        "business_services": count(client, "/business_services"),
        "extensions": count(client, "/extensions"),
        "maintenance_windows": count(client, "/maintenance_windows"),
        "event_orchestrations": count(client, "/event_orchestrations"),
        "incident_workflows": count(client, "/incident_workflows"),
        "incident_workflow_triggers": sum(
            1 for _ in client.iter_cursor("/incident_workflows/triggers")
        ),
        "automation_actions": len(actions),
        "automation_invocations": sum(len(answer["invocations"]) for answer in runs),
        "alert_grouping_settings": sum(1 for _ in client.iter_alert_grouping_settings()),
        "status_pages": len(pages),
        "status_page_posts": sum(
            paged(client, f"/status_pages/{page['id']}/posts", "posts") for page in pages
        ),
        "subscriptions": sum(
            paged(client, f"/users/{user['id']}/notification_subscriptions", "subscriptions")
            for user in users
        ),
        "log_entries": history(client, "/log_entries", ends, 365),
        "incidents": history(client, "/incidents", ends, 170),
        "notifications": notifications(client, ends),
        "audit_records": audit(client, ends),
        "oncalls": oncalls(client, ends),
        "incident_analytics": sum(
            1 for _ in client.iter_analytics_raw_incidents(filters, time_zone="Etc/UTC")
        ),
    }
    print(json.dumps(counts))


if __name__ == "__main__":
    main()
