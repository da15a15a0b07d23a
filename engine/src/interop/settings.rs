//! Global settings of a server and the options of this installation (`aadconnect-export-format.md` A.3).

use std::collections::BTreeSet;

use rusqlite::Transaction;

use super::connector::Parameter;
use super::error::InteropError;
use super::metaverse::ServerMetaverse;
use super::report::Remark;
use crate::protection::{self, DeletionLimit};
use crate::rules::UserMatch;
use crate::setup::RuleChoices;

/// Prefix of all names.
const PREFIX: &str = "Microsoft.";
/// Workloads that rules may depend on.
const APPS: [&str; 7] =
    ["ExchangeOnline", "DynamicsCRM", "Intune", "LyncOnline", "SharePointOnline", "AzureRMS", "OfficeProPlus"];

/// Switches of features that this version does not have; `True` is worth a remark.
const UNAVAILABLE: [(&str, &str); 9] = [
    ("OptionalFeature.DeviceWriteBack", "device write-back"),
    ("OptionalFeature.GroupWriteBack", "group write-back"),
    ("OptionalFeature.UserWriteBack", "user write-back"),
    ("OptionalFeature.GroupFiltering", "filtering by the members of a group"),
    ("OptionalFeature.PasswordWriteback", "password write-back"),
    ("OptionalFeature.PasswordHashSync", "password hash synchronization"),
    ("OptionalFeature.DirectoryExtension", "directory extensions"),
    ("OptionalFeature.ExchangeMailPublicFolder", "mail-enabled public folders"),
    ("UserSignIn.DesktopSsoEnabled", "single sign-on of desktops"),
];

/// Global settings that servers have, without their prefix.
const KNOWN: [&str; 43] = [
    "Synchronize.SynchronizationPolicy",
    "Synchronize.SynchronizationSchedule",
    "Synchronize.SchedulerSuspended",
    "Synchronize.MaintenanceEnabled",
    "Synchronize.TimeInterval",
    "Synchronize.NextStartTime",
    "Synchronize.RunHistoryPurgeInterval",
    "Synchronize.StagingMode",
    "Synchronize.ServerConfigurationVersion",
    "SynchronizationOption.JoinCriteria",
    "SynchronizationOption.AnchorAttribute",
    "SynchronizationOption.UPNAttribute",
    "SynchronizationOption.CustomAttribute",
    "OptionalFeature.HybridExchange",
    "OptionalFeature.DeviceWriteUp",
    "OptionalFeature.DeviceWriteBack",
    "OptionalFeature.GroupWriteBack",
    "OptionalFeature.UserWriteBack",
    "OptionalFeature.GroupFiltering",
    "OptionalFeature.PasswordWriteback",
    "OptionalFeature.PasswordHashSync",
    "OptionalFeature.FilterAAD",
    "AADFilter.ApplicationList",
    "AADFilter.AttributeExclusionList",
    "OptionalFeature.DirectoryExtension",
    "OptionalFeature.DirectoryExtensionAttributes",
    "DirectoryExtension.SourceTargetAttributesMap",
    "OptionalFeature.ExportDeletionThreshold",
    "OptionalFeature.ExportDeletionThresholdValue",
    "OptionalFeature.AutoUpgradeState",
    "OptionalFeature.AutoUpgradeSuspensionReason",
    "OptionalFeature.ExchangeMailPublicFolder",
    "GroupWriteBack.Forest",
    "GroupWriteBack.Container",
    "DeviceWriteBack.Forest",
    "DeviceWriteBack.Container",
    "UserWriteBack.Forest",
    "UserWriteBack.Container",
    "ConnectDirectories.WizardDirectoryMode",
    "UserSignIn.SignOnMethod",
    "UserSignIn.DesktopSsoEnabled",
    "SystemInformation.MachineRole",
    "Version.SynchronizationRuleImmutableTag",
];

/// True for a global setting that servers have.
pub(super) fn is_known(name: &str) -> bool {
    let (prefix, rest) = name.split_at_checked(PREFIX.len()).unwrap_or((name, ""));
    prefix.eq_ignore_ascii_case(PREFIX) && KNOWN.iter().any(|known| known.eq_ignore_ascii_case(rest))
}

fn is_true(value: Option<&str>) -> bool {
    value.is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// What the server composed its standard rules by. Settings that are absent leave the present choice.
pub(super) fn choices(metaverse: &ServerMetaverse, present: &RuleChoices, not_taken: &mut Vec<Remark>) -> RuleChoices {
    let setting = |name: &str| metaverse.setting(name);
    let custom = setting("SynchronizationOption.CustomAttribute").map(str::to_owned);
    let user_match = match setting("SynchronizationOption.JoinCriteria").map(str::to_ascii_lowercase).as_deref() {
        None => present.user_match.clone(),
        Some("objectsid") => UserMatch::ObjectSid,
        Some("alwaysprovision") => UserMatch::Once,
        Some("mail") => UserMatch::Mail,
        Some("accountname") => UserMatch::AccountName,
        Some(other) => match custom {
            Some(attribute) => UserMatch::Attribute(attribute),
            None => {
                not_taken.push(Remark::of(
                    "setting SynchronizationOption.JoinCriteria",
                    format!("how \"{other}\" matches users is not known; the imported join rules are used as they are"),
                ));
                present.user_match.clone()
            }
        },
    };
    let apps = if is_true(setting("OptionalFeature.FilterAAD")) {
        let listed: BTreeSet<String> = setting("AADFilter.ApplicationList")
            .unwrap_or_default()
            .split([',', ';'])
            .filter_map(|name| APPS.iter().find(|known| known.eq_ignore_ascii_case(name.trim())))
            .map(|name| (*name).to_owned())
            .collect();
        if listed.is_empty() { present.apps.clone() } else { Some(listed) }
    } else if setting("OptionalFeature.FilterAAD").is_some() {
        None
    } else {
        present.apps.clone()
    };
    let switch = |name: &str, present: bool| setting(name).map_or(present, |value| is_true(Some(value)));
    RuleChoices {
        user_match,
        source_anchor: setting("SynchronizationOption.AnchorAttribute").unwrap_or(&present.source_anchor).to_owned(),
        sign_in: setting("SynchronizationOption.UPNAttribute").unwrap_or(&present.sign_in).to_owned(),
        hybrid_exchange: switch("OptionalFeature.HybridExchange", present.hybrid_exchange),
        device_write_up: switch("OptionalFeature.DeviceWriteUp", present.device_write_up),
        apps,
    }
}

/// Takes over what this version can follow, and says what it cannot.
///
/// # Errors
/// [`InteropError`] when the database cannot be written.
pub(super) fn take(
    metaverse: &ServerMetaverse,
    transaction: &Transaction<'_>,
    taken: &mut Vec<Remark>,
    not_taken: &mut Vec<Remark>,
) -> Result<(), InteropError> {
    let present = RuleChoices::load(transaction)?;
    let choices = choices(metaverse, &present, not_taken);
    if choices != present {
        choices.save(transaction)?;
        taken.push(Remark::of("choices for the standard rules", describe(&choices)));
    }
    if let Some(switch) = metaverse.setting("OptionalFeature.ExportDeletionThreshold") {
        let number = metaverse.setting("OptionalFeature.ExportDeletionThresholdValue").and_then(|value| value.parse().ok());
        let limit = match (is_true(Some(switch)), number) {
            (false, _) => Some(DeletionLimit::Off),
            (true, Some(number)) => Some(DeletionLimit::Count(number)),
            (true, None) => None,
        };
        if let Some(limit) = limit
            && limit != protection::deletion_limit(transaction)?
        {
            protection::set_deletion_limit(transaction, limit)?;
            taken.push(Remark::of("deletion threshold", limit.to_string()));
        }
    }
    // A server that was not to write must not begin to because it moved; one that wrote says nothing of this one.
    if is_true(metaverse.setting("Synchronize.StagingMode")) && !protection::staging_mode(transaction)? {
        protection::set_staging_mode(transaction, true)?;
        taken.push(Remark::of("staging mode", "on, because the server was in staging mode: cycles do not export"));
    }
    for (name, feature) in UNAVAILABLE {
        if is_true(metaverse.setting(name)) {
            not_taken.push(Remark::of(
                format!("setting {name}"),
                format!("this version has no {feature}; the setting is kept for an export and has no effect"),
            ));
        }
    }
    if metaverse.setting("Synchronize.TimeInterval").is_some() {
        not_taken.push(Remark::of(
            "scheduler settings",
            "this version has no scheduler; interval and switches are kept for an export and have no effect",
        ));
    }
    Ok(())
}

fn describe(choices: &RuleChoices) -> String {
    let matching = match &choices.user_match {
        UserMatch::Once => "users are represented once".to_owned(),
        UserMatch::Mail => "users are matched by mail".to_owned(),
        UserMatch::ObjectSid => "users are matched by objectSid, msExchMasterAccountSid and msRTCSIP-OriginatorSid".to_owned(),
        UserMatch::AccountName => "users are matched by sAMAccountName and mailNickname".to_owned(),
        UserMatch::Attribute(name) => format!("users are matched by {name}"),
    };
    let on = |value: bool| if value { "on" } else { "off" };
    let apps = choices.apps.as_ref().map_or_else(|| "all".to_owned(), |apps| apps.iter().cloned().collect::<Vec<_>>().join(", "));
    format!(
        "{matching}; source anchor {}; sign-in with {}; Exchange hybrid {}; devices {}; workloads {apps}",
        choices.source_anchor,
        choices.sign_in,
        on(choices.hybrid_exchange),
        on(choices.device_write_up)
    )
}

/// The settings to write: those that were imported, with the present values of what this installation knows.
///
/// # Errors
/// [`InteropError`] when the database cannot be read.
pub(super) fn present(
    connection: &rusqlite::Connection,
    imported: Option<&ServerMetaverse>,
) -> Result<Vec<Parameter>, InteropError> {
    let mut settings = imported.map(|metaverse| metaverse.settings.clone()).unwrap_or_default();
    let choices = RuleChoices::load(connection)?;
    // What was imported and is followed still keeps its spelling.
    let unchanged = imported.is_some_and(|metaverse| self::choices(metaverse, &choices, &mut Vec::new()) == choices);
    let mut values: Vec<(&str, String)> = Vec::new();
    let truth = |value: bool| if value { "True" } else { "False" }.to_owned();
    if !unchanged {
        let (criteria, custom) = match &choices.user_match {
            UserMatch::Once => ("AlwaysProvision", String::new()),
            UserMatch::ObjectSid => ("ObjectSID", String::new()),
            UserMatch::Mail => ("Mail", String::new()),
            UserMatch::AccountName => ("AccountName", String::new()),
            UserMatch::Attribute(name) => ("CustomAttribute", name.clone()),
        };
        values.push(("SynchronizationOption.JoinCriteria", criteria.to_owned()));
        values.push(("SynchronizationOption.CustomAttribute", custom));
        values.push(("SynchronizationOption.AnchorAttribute", choices.source_anchor.clone()));
        values.push(("SynchronizationOption.UPNAttribute", choices.sign_in.clone()));
        values.push(("OptionalFeature.HybridExchange", truth(choices.hybrid_exchange)));
        values.push(("OptionalFeature.DeviceWriteUp", truth(choices.device_write_up)));
        values.push(("OptionalFeature.FilterAAD", truth(choices.apps.is_some())));
        values.push(("AADFilter.ApplicationList", choices.apps.iter().flatten().cloned().collect::<Vec<_>>().join(",")));
    }
    let limit = protection::deletion_limit(connection)?;
    values.push(("OptionalFeature.ExportDeletionThreshold", truth(limit != DeletionLimit::Off)));
    // A real server knows no share; its number stays as it was imported.
    if let DeletionLimit::Count(number) = limit {
        values.push(("OptionalFeature.ExportDeletionThresholdValue", number.to_string()));
    }
    values.push(("Synchronize.StagingMode", truth(protection::staging_mode(connection)?)));
    if imported.is_none() {
        values.push(("Version.SynchronizationRuleImmutableTag", "V1".to_owned()));
    }
    for (name, value) in values {
        let full = format!("{PREFIX}{name}");
        match settings.iter_mut().find(|setting| setting.name.eq_ignore_ascii_case(&full)) {
            Some(setting) => setting.value = value,
            None => settings.push(Parameter {
                name: full,
                used_for: "SynchronizationGlobal".to_owned(),
                intrinsic: false,
                encrypted: false,
                value,
            }),
        }
    }
    Ok(settings)
}
