//! Users who sign in with their password.

use serde_json::{Value, json};

use super::Refusal;
use super::token::Stop;
use crate::store::objects::{self, Object};
use crate::store::{addresses, credentials};
use crate::tenant::naming::domain_part;
use crate::tenant::{PasswordHash, Tenant};

/// So many failures within the window lock the user for as long.
const MAX_FAILURES: i64 = 10;
const WINDOW_SECS: i64 = 60;

fn refused(number: u32, text: &str) -> Stop {
    Refusal::new(400, "invalid_grant", number, text).into()
}

/// The user of the name, if the password is right and nothing else is in the way.
pub(super) fn authenticate(tenant: &mut Tenant, name: &str, password: &str) -> Result<Object, Stop> {
    if password.trim() != password {
        return Err(refused(50126, "Error validating credentials due to invalid username or password."));
    }
    let found = match addresses::user_of_name(&tenant.db, name)? {
        Some(row) => objects::by_row(&tenant.db, row)?,
        None => None,
    };
    let Some(user) = found else {
        let text = format!("The user account '{name}' does not exist in the directory.");
        return Err(refused(50034, &text));
    };
    if tenant.is_federated(domain_part(name)) {
        return Err(refused(50126, "account_type Federated: users of this domain sign in at their own identity provider."));
    }
    let now = tenant.now().as_second();
    credentials::clear_failures(&tenant.db, user.id, now - 2 * WINDOW_SECS)?;
    if is_locked(tenant, &user, now)? {
        return Err(refused(
            50053,
            "The account is locked because the user tried to sign in too many times with an incorrect password.",
        ));
    }
    if user.effective("accountEnabled") == Some(&Value::Bool(false)) {
        return Err(refused(50057, "The user account is disabled."));
    }
    let Some(credential) = credentials::of(&tenant.db, user.id)? else {
        return Err(refused(50056, "Invalid or null password: the directory has no password of this user."));
    };
    let right = PasswordHash::parse(&credential.data).is_some_and(|hash| hash.verifies(password));
    if !right {
        credentials::note_failure(&tenant.db, user.id, now)?;
        return Err(refused(50126, "Error validating credentials due to invalid username or password."));
    }
    if must_change(&user) {
        return Err(refused(50055, "The password is expired."));
    }
    credentials::clear_failures(&tenant.db, user.id, now)?;
    note_sign_in(tenant, user)
}

/// Ten failures within a minute lock for a minute after the last of them.
fn is_locked(tenant: &Tenant, user: &Object, now: i64) -> Result<bool, Stop> {
    let recent = credentials::failures(&tenant.db, user.id, now - WINDOW_SECS)?;
    let all = credentials::failures(&tenant.db, user.id, now - 2 * WINDOW_SECS)?;
    Ok(recent > 0 && all >= MAX_FAILURES)
}

fn must_change(user: &Object) -> bool {
    let flag = |name: &str| {
        let profile = user.cloud.get("passwordProfile");
        profile.and_then(|profile| profile.get(name)).and_then(Value::as_bool).unwrap_or(false)
    };
    flag("forceChangePasswordNextSignIn") || flag("forceChangePasswordNextSignInWithMfa")
}

/// Writes down when the user signed in; delta readers do not hear of it.
fn note_sign_in(tenant: &mut Tenant, mut user: Object) -> Result<Object, Stop> {
    let time = tenant.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let id = tenant.new_id();
    let activity = json!({
        "lastSignInDateTime": time,
        "lastSignInRequestId": id,
        "lastSuccessfulSignInDateTime": time,
        "lastSuccessfulSignInRequestId": id,
    });
    user.cloud.insert("signInActivity".to_owned(), activity);
    objects::save(&tenant.db, &mut user)?;
    Ok(user)
}
