//! Which part of the directory answers a request, and which roles it asks for.

use std::borrow::Cow;

use super::error::GraphError;
use super::types::{self, Entity};
use super::{Stop, applications, deleted, delta, group_settings, inbound, lists, metadata, settings, write};
use crate::schema::Kind;
use crate::server::http::{Reply, Request};
use crate::sign_in::token::Caller;
use crate::tenant::Tenant;

/// What a client wants to do with a kind of thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Read,
    Write,
}

/// Roles that allow it; one is enough.
fn roles(thing: &str, wish: Wish) -> &'static [&'static str] {
    match (thing, wish) {
        ("users", Wish::Read) => &["User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"],
        ("users", Wish::Write) => &["User.ReadWrite.All", "Directory.ReadWrite.All"],
        ("groups", Wish::Read) => &["Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"],
        ("groups", Wish::Write) => &["Group.ReadWrite.All", "Directory.ReadWrite.All"],
        ("members", Wish::Read) => &[
            "GroupMember.Read.All",
            "GroupMember.ReadWrite.All",
            "Group.Read.All",
            "Group.ReadWrite.All",
            "Directory.Read.All",
            "Directory.ReadWrite.All",
        ],
        ("members", Wish::Write) => &["GroupMember.ReadWrite.All", "Group.ReadWrite.All", "Directory.ReadWrite.All"],
        ("contacts", Wish::Read) => &["OrgContact.Read.All", "Directory.Read.All", "Directory.ReadWrite.All"],
        ("devices", Wish::Read) => &["Device.Read.All", "Device.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"],
        ("devices", Wish::Write) => &["Device.ReadWrite.All", "Directory.ReadWrite.All"],
        ("applications", Wish::Read) => &[
            "Application.Read.All",
            "Application.ReadWrite.OwnedBy",
            "Application.ReadWrite.All",
            "Directory.Read.All",
            "Directory.ReadWrite.All",
        ],
        ("applications", Wish::Write) => {
            &["Application.ReadWrite.OwnedBy", "Application.ReadWrite.All", "Directory.ReadWrite.All"]
        }
        ("organization", Wish::Read) => {
            &["Organization.Read.All", "Organization.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"]
        }
        ("domains", Wish::Read) => &["Domain.Read.All", "Domain.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"],
        ("synchronization", Wish::Read) => {
            &["OnPremDirectorySynchronization.Read.All", "OnPremDirectorySynchronization.ReadWrite.All"]
        }
        ("synchronization", Wish::Write) => &["OnPremDirectorySynchronization.ReadWrite.All"],
        ("upload", Wish::Write) => &["SynchronizationData-User.Upload"],
        ("logs", Wish::Read) => &["ProvisioningLog.Read.All", "AuditLog.Read.All"],
        ("objects", Wish::Read) => &["Directory.Read.All", "Directory.ReadWrite.All"],
        _ => &["Directory.ReadWrite.All"],
    }
}

fn allow(caller: &Caller, thing: &str, wish: Wish) -> Result<(), GraphError> {
    if caller.has_any(roles(thing, wish)) { Ok(()) } else { Err(GraphError::denied()) }
}

fn not_allowed() -> Stop {
    GraphError::new(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.").into()
}

/// Answers a request; `rest` is the path after the version.
pub(super) fn route(tenant: &mut Tenant, caller: &Caller, request: &Request, rest: &[&str]) -> Result<Reply, Stop> {
    let rest: Vec<Cow<'_, str>> = rest.iter().flat_map(|segment| split_key(segment)).map(whole_name).collect();
    let rest: Vec<&str> = rest.iter().map(AsRef::as_ref).collect();
    let method = request.method.as_str();
    let read = |thing: &str| allow(caller, thing, Wish::Read);
    let change = |thing: &str| allow(caller, thing, Wish::Write);
    match (method, rest.as_slice()) {
        ("GET", ["$metadata"]) => Ok(metadata::document(request.is_beta())),
        (_, [set @ ("users" | "groups" | "contacts" | "devices"), rest @ ..]) => {
            let Some((entity, kind)) = types::of_set(set) else {
                return Err(GraphError::not_implemented(request).into());
            };
            objects(tenant, caller, request, (entity, kind), rest)
        }
        ("GET", ["directoryObjects", "delta" | "microsoft.graph.delta"]) => {
            read("objects")?;
            delta::answer(tenant, request, &Kind::ALL, "directoryObjects")
        }
        ("POST", ["directoryObjects", "getByIds" | "microsoft.graph.getByIds"]) => {
            if !Kind::ALL.iter().filter_map(|kind| types::of_kind(*kind)).any(|entity| read(entity.set).is_ok()) {
                return Err(GraphError::denied().into());
            }
            lists::by_ids(tenant, request)
        }
        (_, ["settings", rest @ ..]) if request.is_beta() => {
            allow(caller, "objects", if method == "GET" { Wish::Read } else { Wish::Write })?;
            group_settings::answer(tenant, request, rest)
        }
        ("GET", ["organization"]) => {
            read("organization")?;
            settings::organization(tenant, request)
        }
        ("GET", ["domains"]) => {
            read("domains")?;
            settings::domains(tenant, request)
        }
        ("GET", ["domains", name]) => {
            read("domains")?;
            settings::domain(tenant, request, name)
        }
        ("GET", ["directory", "onPremisesSynchronization"]) => {
            read("synchronization")?;
            settings::synchronization(tenant, request, None)
        }
        ("GET", ["directory", "onPremisesSynchronization", id]) => {
            read("synchronization")?;
            settings::synchronization(tenant, request, Some(id))
        }
        ("PATCH", ["directory", "onPremisesSynchronization", id]) => {
            change("synchronization")?;
            settings::patch_synchronization(tenant, request, id)
        }
        ("GET", ["directory", "deletedItems", kind]) if kind.starts_with("microsoft.graph.") => {
            let name = kind.trim_start_matches("microsoft.graph.");
            let Some(entity) = types::entity(name) else {
                return Err(GraphError::not_implemented(request).into());
            };
            read(entity.set)?;
            deleted::list(tenant, request, entity)
        }
        (_, ["directory", "deletedItems", id, rest @ ..]) => {
            let object = deleted::find(tenant, id)?;
            let set = types::of_kind(object.kind).map_or("objects", |entity| entity.set);
            match (method, rest) {
                ("GET", []) => {
                    read(set)?;
                    deleted::one(tenant, request, &object)
                }
                ("DELETE", []) => {
                    change(set)?;
                    deleted::remove(tenant, object)
                }
                ("POST", ["restore" | "microsoft.graph.restore"]) => {
                    change(set)?;
                    deleted::restore(tenant, request, object)
                }
                _ => Err(GraphError::not_implemented(request).into()),
            }
        }
        ("GET", ["applications"]) => {
            read("applications")?;
            applications::list(tenant, request, "application")
        }
        ("GET", ["servicePrincipals"]) => {
            read("applications")?;
            applications::list(tenant, request, "servicePrincipal")
        }
        ("POST", ["applications"]) => {
            change("applications")?;
            applications::create(tenant, request)
        }
        ("GET", ["applications", id]) => {
            read("applications")?;
            applications::one(tenant, request, "application", id)
        }
        ("GET", ["servicePrincipals", id]) => {
            read("applications")?;
            applications::one(tenant, request, "servicePrincipal", id)
        }
        ("DELETE", ["applications", id]) => {
            change("applications")?;
            applications::delete(tenant, id)
        }
        ("GET", ["applications", id, "extensionProperties"]) => {
            read("applications")?;
            applications::extensions(tenant, request, id)
        }
        ("POST", ["applications", id, "extensionProperties"]) => {
            change("applications")?;
            applications::create_extension(tenant, request, id)
        }
        ("GET", ["applications", id, "extensionProperties", extension]) => {
            read("applications")?;
            applications::extension(tenant, request, id, extension)
        }
        ("DELETE", ["applications", id, "extensionProperties", extension]) => {
            change("applications")?;
            applications::delete_extension(tenant, id, extension)
        }
        ("POST", ["servicePrincipals", principal, "synchronization", "jobs", job, "bulkUpload"]) => {
            change("upload")?;
            inbound::upload(tenant, request, principal, job)
        }
        ("GET", ["auditLogs", "provisioning"]) => {
            read("logs")?;
            inbound::log(tenant, request)
        }
        _ => Err(GraphError::not_implemented(request).into()),
    }
}

/// Answers requests for users, groups, contacts and devices.
fn objects(
    tenant: &mut Tenant,
    caller: &Caller,
    request: &Request,
    (entity, kind): (Entity, Kind),
    rest: &[&str],
) -> Result<Reply, Stop> {
    let set = entity.set;
    let read = || allow(caller, set, Wish::Read);
    let change = || allow(caller, set, Wish::Write);
    let links = |wish| allow(caller, if kind == Kind::Group { "members" } else { set }, wish);
    let method = request.method.as_str();
    let is_behavior = matches!(rest, [_, "onPremisesSyncBehavior"]);
    match (kind, method) {
        (Kind::Contact, "GET") => {}
        (Kind::Contact, _) if !is_behavior => return Err(not_allowed()),
        (Kind::Device, "POST") if rest.is_empty() => return Err(GraphError::denied().into()),
        _ => {}
    }
    match (method, rest) {
        ("GET", []) => {
            read()?;
            lists::objects(tenant, request, entity, kind)
        }
        ("GET", ["$count"]) => {
            read()?;
            lists::count(tenant, request, entity, kind)
        }
        ("GET", ["delta" | "microsoft.graph.delta"]) => {
            read()?;
            delta::answer(tenant, request, &[kind], set)
        }
        ("POST", []) => {
            change()?;
            write::create(tenant, request, entity, kind)
        }
        ("GET", [name]) => {
            read()?;
            let object = lists::find(tenant, kind, name)?;
            lists::one(tenant, request, entity, &object)
        }
        ("PATCH", [name]) => write::change(tenant, caller, request, entity, lists::find(tenant, kind, name)?, change),
        ("DELETE", [name]) => {
            change()?;
            let mut object = lists::find(tenant, kind, name)?;
            tenant.delete_object(&mut object)?;
            Ok(Reply::empty(204))
        }
        ("GET", [name, "onPremisesSyncBehavior"]) => {
            read()?;
            Ok(settings::sync_behavior(request, entity, &lists::find(tenant, kind, name)?))
        }
        ("PATCH", [name, "onPremisesSyncBehavior"]) => {
            allow(caller, "synchronization", Wish::Write).or_else(|_| change())?;
            let object = lists::find(tenant, kind, name)?;
            settings::patch_sync_behavior(tenant, request, object)
        }
        ("GET", [name, "manager"]) => {
            read()?;
            let object = lists::find(tenant, kind, name)?;
            lists::manager(tenant, request, &object)
        }
        (_, [name, relation, "$ref"]) => {
            links(if method == "GET" { Wish::Read } else { Wish::Write })?;
            let object = lists::find(tenant, kind, name)?;
            write::references::answer(tenant, request, object, relation)
        }
        ("DELETE", [name, relation, target, "$ref"]) => {
            links(Wish::Write)?;
            let object = lists::find(tenant, kind, name)?;
            write::references::remove(tenant, request, object, relation, Some(target))
        }
        ("GET", [name, relation]) => {
            links(Wish::Read)?;
            related(tenant, request, kind, name, relation, None)
        }
        ("GET", [name, relation, "$count"]) => {
            links(Wish::Read)?;
            let way = lists::relation(kind, relation).ok_or_else(|| GraphError::not_implemented(request))?;
            lists::count_related(tenant, request, &lists::find(tenant, kind, name)?, way)
        }
        ("GET", [name, "memberOf" | "transitiveMemberOf", "microsoft.graph.directoryRole"]) => {
            read()?;
            Ok(lists::roles(request, &lists::find(tenant, kind, name)?))
        }
        ("GET", [name, relation, cast]) if cast.starts_with("microsoft.graph.") => {
            links(Wish::Read)?;
            let only = types::entity(cast.trim_start_matches("microsoft.graph."));
            let only = only.ok_or_else(|| GraphError::not_implemented(request))?;
            related(tenant, request, kind, name, relation, Some(only))
        }
        _ => Err(GraphError::not_implemented(request).into()),
    }
}

fn related(
    tenant: &Tenant,
    request: &Request,
    kind: Kind,
    name: &str,
    relation: &str,
    only: Option<Entity>,
) -> Result<Reply, Stop> {
    let Some(way) = lists::relation(kind, relation) else {
        return Err(GraphError::not_implemented(request).into());
    };
    let object = lists::find(tenant, kind, name)?;
    lists::related(tenant, request, &object, way, only)
}

/// `graph.user` is short for `microsoft.graph.user`, and official clients send both.
fn whole_name(segment: &str) -> Cow<'_, str> {
    match segment.strip_prefix("graph.") {
        Some(name) if name.bytes().all(|byte| byte.is_ascii_alphabetic()) => Cow::Owned(format!("microsoft.graph.{name}")),
        _ => Cow::Borrowed(segment),
    }
}

/// Takes `users('id')` and `delta()` apart.
fn split_key(segment: &str) -> Vec<&str> {
    let Some((name, key)) = segment.strip_suffix(')').and_then(|inner| inner.split_once('(')) else {
        return vec![segment];
    };
    match key.trim_matches('\'') {
        "" => vec![name],
        key => vec![name, key],
    }
}
