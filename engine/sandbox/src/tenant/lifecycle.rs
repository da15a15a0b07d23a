//! Deleting and restoring objects.

use serde_json::Value;

use super::Tenant;
use crate::SandboxError;
use crate::schema::Kind;
use crate::store::changes::{self, Action, Details, TargetChange};
use crate::store::objects::{Object, State};
use crate::store::{credentials, links, quarantine};

impl Tenant {
    /// Whether a deleted object of this kind can be restored for 30 days.
    fn is_recoverable(object: &Object) -> bool {
        let unified = || {
            object
                .cloud
                .get("groupTypes")
                .and_then(Value::as_array)
                .is_some_and(|types| types.iter().any(|kind| kind == "Unified"))
        };
        match object.kind {
            Kind::User => true,
            Kind::Group => unified(),
            Kind::Contact | Kind::Device | Kind::PublicFolder => false,
        }
    }

    /// Deletes an object: users and Microsoft 365 groups stay recoverable, others are gone.
    pub(crate) fn delete_object(&self, object: &mut Object) -> Result<(), SandboxError> {
        if object.synced.is_some() {
            object.synced = Some(false);
        }
        if !Self::is_recoverable(object) {
            return self.remove_object(object);
        }
        let now = self.now();
        object.state = State::SoftDeleted;
        object.deleted = Some(now);
        quarantine::clear(&self.db, object.id)?;
        self.commit_object(object, Action::SoftDeleted, &Details::default())?;
        changes::touch_referrers(&self.db, object.id, TargetChange::Went, now)
    }

    /// Removes an object for good; only its ids remain for delta readers.
    pub(crate) fn remove_object(&self, object: &mut Object) -> Result<(), SandboxError> {
        let now = self.now();
        if object.state == State::Live {
            changes::touch_referrers(&self.db, object.id, TargetChange::Went, now)?;
        }
        links::drop_all(&self.db, object.id)?;
        quarantine::clear(&self.db, object.id)?;
        credentials::forget(&self.db, object.id)?;
        object.state = State::Gone;
        object.deleted = Some(now);
        object.body.clear();
        object.overrides.clear();
        object.cloud.clear();
        object.role = None;
        self.commit_object(object, Action::Deleted, &Details::default())
    }

    /// Brings a soft-deleted object back to life; the caller saves it.
    pub(crate) fn revive(&self, object: &mut Object) -> Result<(), SandboxError> {
        object.state = State::Live;
        object.deleted = None;
        changes::touch_referrers(&self.db, object.id, TargetChange::Came, self.now())
    }
}
