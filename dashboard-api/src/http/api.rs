//! The JSON API and its description: OpenAPI, made from the handlers. What it says of parameters is
//! what the guard lets through.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;
use utoipa::{
    OpenApi,
    openapi::{
        ObjectBuilder, OpenApi as Document, PathItem, Ref, RefOr, Required, Schema,
        path::{Operation, Parameter, ParameterBuilder, ParameterIn},
        schema::Type,
    },
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    Shared, addons, api_keys, audit_log, connections, datasets, events, evidence, features,
    finance, invitations, licenses, members, oncall_load, overview, recommendations, session,
    settings, shapes, sign_in, teams, user, users, words,
};
use crate::catalogue;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "quolum",
        description = "Who uses what of PagerDuty. Every answer names its generation and the instant it speaks for.",
    ),
    // What only parameters name.
    components(schemas(
        shapes::FormatName, users::UserSort, recommendations::RecommendationOrder, words::Grain,
        words::MatrixBy, oncall_load::GrainOfIncidents, words::RecommendationKind,
    )),
)]
struct Api;

/// All routes that are described.
pub(super) fn api() -> OpenApiRouter<Shared> {
    OpenApiRouter::with_openapi(Api::openapi())
        .merge(entry())
        .merge(figures())
        .merge(administration())
}

fn entry() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(session::show))
        .routes(routes!(sign_in::methods))
        .routes(routes!(sign_in::link))
        .routes(routes!(connections::list))
        .routes(routes!(connections::connect_directly))
        .routes(routes!(connections::start_sync))
        .routes(routes!(connections::disconnect))
        .routes(routes!(connections::pause))
        .routes(routes!(connections::resume))
        .routes(routes!(connections::cancel))
        .routes(routes!(connections::probe))
        .routes(routes!(connections::runs))
        .routes(routes!(
            connections::enable_webhook,
            connections::disable_webhook
        ))
        .routes(routes!(events::follow))
        .routes(routes!(invitations::list, invitations::create))
        .routes(routes!(invitations::resend))
        .routes(routes!(invitations::revoke))
        .routes(routes!(invitations::look_up))
}

fn figures() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(overview::show))
        .routes(routes!(licenses::list))
        .routes(routes!(licenses::history))
        .routes(routes!(finance::chargeback))
        .routes(routes!(finance::renewal))
        .routes(routes!(finance::focus))
        .routes(routes!(users::list))
        .routes(routes!(user::show))
        .routes(routes!(evidence::list))
        .routes(routes!(features::list))
        .routes(routes!(features::matrix))
        .routes(routes!(features::show))
        .routes(routes!(addons::list))
        .routes(routes!(teams::list))
        .routes(routes!(oncall_load::show))
        .routes(routes!(oncall_load::incidents))
        .routes(routes!(recommendations::list))
        .routes(routes!(recommendations::show))
        .routes(routes!(recommendations::change))
        .routes(routes!(recommendations::change_many))
        .routes(routes!(recommendations::bundle))
        .routes(routes!(datasets::list))
        .routes(routes!(datasets::receipts))
        .routes(routes!(datasets::parked))
        .routes(routes!(datasets::replay))
}

fn administration() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(members::organization, members::rename_organization))
        .routes(routes!(members::list, members::add))
        .routes(routes!(members::change_role, members::remove))
        .routes(routes!(api_keys::list, api_keys::create))
        .routes(routes!(api_keys::rotate))
        .routes(routes!(api_keys::revoke))
        .routes(routes!(audit_log::list))
        .routes(routes!(audit_log::verify))
        .routes(routes!(settings::prices, settings::set_prices))
        .routes(routes!(settings::contract, settings::set_contract))
        .routes(routes!(settings::thresholds, settings::set_thresholds))
        .routes(routes!(settings::exemptions, settings::exempt))
        .routes(routes!(settings::end_exemption))
        .routes(routes!(settings::privacy, settings::set_privacy))
        .routes(routes!(settings::erase_person))
        .routes(routes!(
            settings::notifications,
            settings::set_notifications
        ))
        .routes(routes!(settings::test_notifications))
        .routes(routes!(settings::saved_views, settings::save_view))
        .routes(routes!(settings::delete_view))
}

/// The document that describes the JSON API.
pub fn openapi() -> Document {
    let mut document = api().split_for_parts().1;
    if let Some(users) = document.paths.paths.get_mut("/api/v1/users")
        && let Some(list) = users.get.as_mut()
    {
        let filters = catalogue::FEATURES
            .iter()
            .flat_map(feature_filters)
            .map(RefOr::T);
        list.parameters.get_or_insert_default().extend(filters);
    }
    always_there(&mut document);
    document
}

/// Fields that an answer leaves out where they say nothing.
const SOMETIMES: [(&str, &str); 2] = [("FeatureVerdict", "reason"), ("Notifications", "secret")];

/// Answers hold every field, null where there is nothing; what is sent to us may leave such out.
fn always_there(document: &mut Document) {
    let sent = sent_shapes(document);
    let Some(components) = document.components.as_mut() else {
        return;
    };
    for (name, schema) in &mut components.schemas {
        if sent.contains(name) {
            continue;
        }
        let RefOr::T(schema) = schema else { continue };
        match schema {
            Schema::Object(object) => require(name, object),
            Schema::AllOf(parts) => {
                for part in &mut parts.items {
                    if let RefOr::T(Schema::Object(object)) = part {
                        require(name, object);
                    }
                }
            }
            _ => {}
        }
    }
}

fn require(name: &str, object: &mut utoipa::openapi::schema::Object) {
    let fields = object.properties.keys();
    let fields = fields.filter(|field| !SOMETIMES.contains(&(name, field.as_str())));
    object.required = fields.cloned().collect();
}

/// Names of shapes that bodies of requests have, and what these are made of.
fn sent_shapes(document: &Document) -> BTreeSet<String> {
    let value = serde_json::to_value(document).unwrap_or_default();
    let paths = value.get("paths").and_then(Value::as_object);
    let mut open: Vec<String> = Vec::new();
    for operation in paths
        .into_iter()
        .flatten()
        .filter_map(|(_, item)| item.as_object())
    {
        for body in operation.values().filter_map(|one| one.get("requestBody")) {
            names_in(body, &mut open);
        }
    }
    let mut found = BTreeSet::new();
    while let Some(name) = open.pop() {
        if let Some(schema) = value.pointer(&format!("/components/schemas/{name}"))
            && found.insert(name)
        {
            names_in(schema, &mut open);
        }
    }
    found
}

fn names_in(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                match (
                    key.as_str(),
                    value.as_str().and_then(|text| text.rsplit('/').next()),
                ) {
                    ("$ref", Some(name)) => names.push(name.to_owned()),
                    _ => names_in(value, names),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| names_in(item, names)),
        _ => {}
    }
}

/// What the list of users can be filtered by for each feature.
fn feature_filters(feature: &catalogue::Feature) -> [Parameter; 2] {
    let id = feature.id;
    let verdict = RefOr::Ref(Ref::from_schema_name("VerdictName"));
    let days = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(0))
        .maximum(Some(3_650))
        .build();
    [
        ParameterBuilder::new()
            .name(format!("feature.{id}.verdict"))
            .parameter_in(ParameterIn::Query)
            .required(Required::False)
            .schema(Some(verdict))
            .build(),
        ParameterBuilder::new()
            .name(format!("feature.{id}.idle_days_gte"))
            .parameter_in(ParameterIn::Query)
            .required(Required::False)
            .description(Some("Not used for at least so many days"))
            .schema(Some(RefOr::T(Schema::Object(days))))
            .build(),
    ]
}

/// Names of query parameters by method and path.
pub(crate) type Parameters = HashMap<(String, String), Vec<String>>;

/// What each route can be asked.
pub(super) fn parameters() -> Parameters {
    let mut parameters = Parameters::new();
    for (path, item) in &openapi().paths.paths {
        for (method, operation) in operations(item) {
            let given = operation.parameters.iter().flatten();
            let names = given.filter_map(|one| match one {
                RefOr::T(one) if one.parameter_in == ParameterIn::Query => Some(one.name.clone()),
                _ => None,
            });
            parameters.insert((method.to_owned(), path.clone()), names.collect());
            if method == "GET" {
                let of_get = parameters.get(&("GET".to_owned(), path.clone())).cloned();
                parameters.insert(
                    ("HEAD".to_owned(), path.clone()),
                    of_get.unwrap_or_default(),
                );
            }
        }
    }
    parameters
}

fn operations(item: &PathItem) -> impl Iterator<Item = (&'static str, &Operation)> {
    let all = [
        ("GET", &item.get),
        ("POST", &item.post),
        ("PUT", &item.put),
        ("PATCH", &item.patch),
        ("DELETE", &item.delete),
    ];
    all.into_iter()
        .filter_map(|(method, operation)| Some((method, operation.as_ref()?)))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_committed_description_is_the_one_the_code_makes() {
        let committed: serde_json::Value =
            serde_json::from_str(include_str!("../../openapi.json")).expect("JSON");
        let made = serde_json::to_value(super::openapi()).expect("serializes");
        assert_eq!(
            committed, made,
            "run `dashboard-api openapi > dashboard-api/openapi.json`"
        );
    }

    #[test]
    fn the_guard_knows_the_described_parameters() {
        let parameters = super::parameters();
        let users = &parameters[&("GET".to_owned(), "/api/v1/users".to_owned())];
        for name in [
            "window",
            "as_of",
            "feature.ack.idle_days_gte",
            "cursor",
            "format",
        ] {
            assert!(users.contains(&name.to_owned()), "{name}");
        }
    }
}
