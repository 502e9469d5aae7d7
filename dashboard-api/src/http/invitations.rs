//! Invitations: asking somebody outside to make the connection, and their side of it, which needs
//! no session.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use jiff::Timestamp;
use proto::{
    auth::v1::{
        AcceptInvitationRequest, CreateInvitationRequest, Invitation as AuthInvitation,
        ListInvitationsRequest, LookUpInvitationRequest, ResendInvitationRequest,
        RevokeInvitationRequest,
    },
    time::from_proto,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Shared,
    answer::Ask,
    body::Body,
    connect,
    members::{email, id_of},
    problem::{Problem, ProblemBody},
    shapes::{FormatParams, Rows},
    words::InvitationStateName,
};

const INVITATIONS: &str = "The invitation service";
/// Longest note to the invited person.
const LONGEST_NOTE: usize = 1_000;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Invitation {
    id: String,
    email: String,
    note: String,
    invited_by_name: String,
    created_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    state: InvitationStateName,
    /// Why the consent begun with it failed; else empty.
    outcome: String,
    /// The mail server took it.
    mailed: bool,
}

impl From<AuthInvitation> for Invitation {
    fn from(invitation: AuthInvitation) -> Self {
        Self {
            state: invitation.state().into(),
            created_at: invitation.created_at.as_ref().and_then(from_proto),
            expires_at: invitation.expires_at.as_ref().and_then(from_proto),
            id: invitation.id,
            email: invitation.email,
            note: invitation.note,
            invited_by_name: invitation.invited_by_name,
            outcome: invitation.outcome,
            mailed: invitation.mailed,
        }
    }
}

/// An invitation with its link, which is told this once.
#[derive(Serialize, ToSchema)]
pub(super) struct FreshInvitation {
    #[serde(flatten)]
    invitation: Invitation,
    url: String,
}

impl std::fmt::Debug for FreshInvitation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FreshInvitation({}, ***)", self.invitation.id)
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewInvitation {
    #[schema(min_length = 3, max_length = 320)]
    email: String,
    #[schema(max_length = 1000)]
    note: Option<String>,
    /// How long it is good for: 1, 3 or 7.
    #[schema(minimum = 1, maximum = 7)]
    days: u32,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct InvitationToken {
    #[schema(min_length = 1, max_length = 500)]
    token: String,
}

impl std::fmt::Debug for InvitationToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("InvitationToken(***)")
    }
}

/// What the landing page shows.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OpenInvitation {
    organization_name: String,
    invited_by_name: String,
    note: String,
    expires_at: Option<Timestamp>,
    /// What will be asked of PagerDuty.
    scopes: Vec<String>,
}

const COLUMNS: &[&str] = &[
    "id",
    "email",
    "note",
    "invited_by_name",
    "created_at",
    "expires_at",
    "state",
    "outcome",
    "mailed",
];

/// All invitations, the newest first.
#[utoipa::path(
    get, path = "/api/v1/invitations", operation_id = "invitations", tag = "connections",
    params(FormatParams),
    responses(
        (status = 200, body = Rows<Invitation>),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn list(ask: Ask) -> Result<Response, Problem> {
    let message = ListInvitationsRequest {
        org_id: ask.caller.org.to_string(),
    };
    let answer = ask.app.auth.list_invitations(message).await;
    let answer = answer.map_err(|status| Problem::of_peer(&status, INVITATIONS))?;
    let data: Vec<_> = answer
        .invitations
        .into_iter()
        .map(Invitation::from)
        .collect();
    ask.rows(data, COLUMNS)
}

/// Invites somebody to make the connection. Any member may.
#[utoipa::path(
    post, path = "/api/v1/invitations", operation_id = "invite", tag = "connections",
    request_body = NewInvitation,
    responses(
        (status = 201, body = FreshInvitation),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn create(ask: Ask, Body(wish): Body<NewInvitation>) -> Result<Response, Problem> {
    if !matches!(wish.days, 1 | 3 | 7) {
        return Err(Problem::invalid_body("#/days", "It is 1, 3 or 7."));
    }
    let note = wish.note.unwrap_or_default();
    if note.chars().count() > LONGEST_NOTE || note.contains('\0') {
        return Err(Problem::invalid_body(
            "#/note",
            "It has at most 1,000 characters.",
        ));
    }
    let message = CreateInvitationRequest {
        org_id: ask.caller.org.to_string(),
        person_id: ask.caller.person()?,
        email: email("#/email", &wish.email)?,
        note,
        days: wish.days,
    };
    let answer = ask.app.auth.create_invitation(message).await;
    let answer = answer.map_err(|status| refused(&status))?;
    let body = fresh(answer.invitation, answer.url);
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

/// A new link for the same invitation; the old one ends.
#[utoipa::path(
    post, path = "/api/v1/invitations/{id}/resend", operation_id = "resend_invitation", tag = "connections",
    params(("id" = uuid::Uuid, Path, description = "Invitation")),
    responses(
        (status = 200, body = FreshInvitation),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn resend(
    ask: Ask,
    Path(id): Path<String>,
) -> Result<Json<FreshInvitation>, Problem> {
    let message = ResendInvitationRequest {
        org_id: ask.caller.org.to_string(),
        person_id: ask.caller.person()?,
        invitation_id: id_of(&id)?,
    };
    let answer = ask.app.auth.resend_invitation(message).await;
    let answer = answer.map_err(|status| refused(&status))?;
    Ok(Json(fresh(answer.invitation, answer.url)))
}

/// Ends an invitation.
#[utoipa::path(
    delete, path = "/api/v1/invitations/{id}", operation_id = "revoke_invitation", tag = "connections",
    params(("id" = uuid::Uuid, Path, description = "Invitation")),
    responses(
        (status = 200, body = Invitation),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn revoke(ask: Ask, Path(id): Path<String>) -> Result<Json<Invitation>, Problem> {
    let message = RevokeInvitationRequest {
        org_id: ask.caller.org.to_string(),
        person_id: ask.caller.person()?,
        invitation_id: id_of(&id)?,
    };
    let answer = ask.app.auth.revoke_invitation(message).await;
    let answer = answer.map_err(|status| refused(&status))?;
    Ok(Json(Invitation::from(
        answer.invitation.unwrap_or_default(),
    )))
}

fn fresh(invitation: Option<AuthInvitation>, url: String) -> FreshInvitation {
    FreshInvitation {
        invitation: Invitation::from(invitation.unwrap_or_default()),
        url,
    }
}

fn refused(status: &tonic::Status) -> Problem {
    match status.code() {
        tonic::Code::ResourceExhausted => Problem::too_many(
            "Too many invitations are open or were sent today; revoke one or wait.",
        ),
        _ => Problem::of_peer(status, INVITATIONS),
    }
}

/// What an invitation is about. Uses nothing up; needs no session.
#[utoipa::path(
    post, path = "/invite/look-up", operation_id = "look_up_invitation", tag = "invited",
    request_body = InvitationToken,
    responses(
        (status = 200, body = OpenInvitation),
        (status = 404, body = ProblemBody, content_type = "application/problem+json", description = "Expired, used, revoked and unknown look the same"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn look_up(
    State(app): State<Shared>,
    Body(InvitationToken { token }): Body<InvitationToken>,
) -> Result<Json<OpenInvitation>, Problem> {
    let answer = app
        .auth
        .look_up_invitation(LookUpInvitationRequest { token })
        .await;
    let answer = answer.map_err(|status| Problem::of_peer(&status, INVITATIONS))?;
    Ok(Json(OpenInvitation {
        organization_name: answer.organization_name,
        invited_by_name: answer.invited_by_name,
        note: answer.note,
        expires_at: answer.expires_at.as_ref().and_then(from_proto),
        scopes: answer.scopes,
    }))
}

/// Uses the invitation up and leads to PagerDuty. A plain form posts here, so a refusal leads back
/// to a page too.
pub(super) async fn accept(State(app): State<Shared>, body: Bytes) -> Result<Response, Problem> {
    let mut fields = url::form_urlencoded::parse(&body);
    let token = fields.find(|(name, _)| name == "token");
    let token = token.map(|(_, value)| value.into_owned());
    let browser_binding = connect::new_binding();
    let answer = app
        .auth
        .accept_invitation(AcceptInvitationRequest {
            token: token.unwrap_or_default(),
            browser_binding: browser_binding.clone(),
        })
        .await;
    match answer {
        Ok(answer) => {
            let consent = answer.consent.unwrap_or_default();
            let cookie = app.origin.set_binding(&browser_binding);
            connect::redirect(&consent.authorize_url, cookie)
        }
        Err(status) => {
            let outcome = match status.code() {
                tonic::Code::NotFound | tonic::Code::InvalidArgument => "invitation_ended",
                tonic::Code::FailedPrecondition => "app_not_installed",
                _ => {
                    tracing::warn!(code = ?status.code(), message = status.message(), "an invitation was not accepted");
                    "provider_unavailable"
                }
            };
            connect::redirect(&format!("/invite/done?consent={outcome}"), None)
        }
    }
}
