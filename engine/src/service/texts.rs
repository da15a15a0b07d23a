//! What status strings and error codes mean, in a sentence for the administrator.

use crate::model::ErrorCode;
use crate::step::severity;

/// One line that explains a status string of a run, a step, a cycle or a connection. A string that this
/// program does not know is explained by its class.
#[must_use]
pub fn status_explanation(status: &str) -> &'static str {
    match status {
        "in-progress" => "The step is working; its counters grow as it goes.",
        "completing-obsoletion" => {
            "Everything has been read; objects that the directory no longer has are being marked as deleted."
        }
        "completing-referential-updates" => "Everything has been read; references between objects are being put in place.",
        "completing-recomputation" => "Objects touched by others are being synchronized once more.",
        "success" => "Everything was done; nothing needs attention.",

        "completed-warnings" => "Everything was done, but something was not as expected; the warnings of the step say what.",
        "completed-no-objects" => {
            "The directory returned no objects. Nothing was deleted. Check the selected containers and the account's permissions."
        }
        "completed-transient-objects" => {
            "Done, except for objects whose names were taken by others; they get their names with the next import."
        }
        "completed-skipped-already-completed" => "There was nothing left to do; the step had been completed before.",
        "completed-import-failed" => "An import of the cycle failed, so synchronization and export of its changes were left out.",
        "canceled" => "Somebody ended the cycle; what is pending is done by the next one.",

        "completed-discovery-errors" => {
            "Some entries could not be read. Deletions were not evaluated and the following steps did not run; correct the entries and import again."
        }
        "completed-sync-errors" => "Some objects could not be synchronized; they are listed and tried again in the next run.",
        "completed-export-errors" => "The directory refused some changes; they are listed and sent again with the next export.",

        "no-start-credentials" => {
            "The directory refused the account's name or password. Enter valid credentials in the connector's properties."
        }
        "no-start-connection" => "The directory could not be reached. Check server name, network, firewall and certificate.",
        "no-start-ma" => "The directory could be reached but refused to begin; the message of the step says why.",
        "no-start-server" => "The server could not begin the run; the log holds the cause.",
        "no-start-ma-already-running" => "The connector is busy with another run. Wait until that has ended or stop it.",
        "no-start-unknown-profile-name" => "The connector has no run profile of that name.",
        "no-start-full-import-required" => "There is no valid starting point for a delta import. Run a full import first.",
        "no-start-partition-not-configured" => {
            "The partition of the step is not selected. Select it in the connector's properties."
        }
        "no-start-partition-delete" => {
            "The partition no longer exists in the directory. Remove it from the connector and its run profiles."
        }
        "no-start-partition-rename" => "The partition was renamed in the directory. Refresh the connector's partitions.",
        "no-start-no-domain-controller" => {
            "No domain controller answered. Check name resolution and the list of preferred servers."
        }
        "no-start-no-steps-in-profile" => "The run profile has no steps. Add one in the run profiles of the connector.",
        "no-start-bad-ma-configuration" => {
            "The connector's settings cannot be used; the message of the step names the one to correct."
        }
        "no-start-database-permission" => {
            "The database of the connected system refused the account. Grant it the permission to read."
        }
        "no-start-change-log-not-enabled" => "The directory keeps no change log. Switch it on or use full imports.",
        "no-start-delta-step-type-not-configured" => "The connector is not set up for delta imports. Use a full import.",
        "no-start-header-row-mismatch" => "The file's header row differs from the connector's schema. Refresh the schema.",
        "no-start-database-table" => "The table or view of the connected database is missing.",
        "no-start-database-schema-mismatch" => {
            "The connected database's columns differ from the connector's schema. Refresh the schema."
        }
        "no-start-ma-working-directory" => {
            "The connector's working folder cannot be used. Check that it exists and may be written."
        }
        "no-start-file-not-found" => "The file does not exist. Check the path in the connector's properties.",
        "no-start-file-access-denied" => {
            "The file may not be opened. Give the account that runs Syncline the permission to read it."
        }
        "no-start-file-sharing-violation" => "Another program holds the file. Close it there and run again.",
        "no-start-file-open" => "The file could not be opened; the message of the step says why.",
        "no-start-file-code-page" => "The file is not in the character encoding that the connector expects.",
        "no-start-file-contains-incorrect-step-type" => {
            "The file holds changes, the step wants whole objects, or the other way round."
        }
        "missing-partition-for-run-step" => {
            "The step names a partition that the connector does not have. Choose another in the run profile."
        }

        "stopped-connectivity" => {
            "The connection to the directory broke and could not be restored. Run again when the directory answers."
        }
        "stopped-server-down" => "The directory's server went down during the step. Run again when it is back.",
        "stopped-bad-server-credentials" => {
            "The directory stopped accepting the account during the step. Check password and lock-out."
        }
        "stopped-user-termination-from-wmi-or-ui" => {
            "Somebody stopped the run. That does no harm: what is pending is done next time."
        }
        "stopped-user-termination-from-extension" => "The connector asked for the run to be stopped.",
        "stopped-service-shutdown" => {
            "The program was closed during the run. That does no harm: what is pending is done next time."
        }
        "stopped-error-limit" => {
            "More than 5,000 objects had errors, so the step was given up. Look at the first errors: they often share one cause."
        }
        "stopped-object-limit" => {
            "The step did as many objects as its run profile allows. Run again for the rest, or raise the limit of the step."
        }
        "stopped-deletion-limit" => {
            "The step made as many deletions as its run profile allows. Look through the others; run again for them, or raise the limit of the step."
        }
        "stopped-deletion-threshold-exceeded" => {
            "More deletions are staged than the threshold allows; nothing was sent. Look through them; usually a scope or a container has changed by mistake. Correct the cause and synchronize again."
        }
        "stopped-deadlocked" => "Two operations waited for each other in the database. Run again.",
        "stopped-database-disk-full" => "The disk that holds the database is full. Free some space and run again.",
        "stopped-disk-full" => "A disk is full. Free some space and run again.",
        "stopped-out-of-memory" => "The computer had no memory left. Close other programs or add memory, then run again.",
        "stopped-server" => "The run was found unfinished when the program started: it had been interrupted. Run again.",
        "stopped-ma" => "The connector gave up; the message of the step says why.",
        "stopped-bad-ma-configuration" => {
            "The connector's settings turned out to be unusable during the step; the message names the one to correct."
        }
        "stopped-export-disabled" => {
            "The directory accepts no exports at present. Enable synchronization there and export again."
        }
        "stopped-import-read" => "Reading from the directory failed; the message of the step says why.",
        "stopped-export-write" => "Writing to the directory failed; the message of the step says why.",
        "stopped-parsing-errors" => "The data could not be understood from some place on; the errors of the step name it.",
        "stopped-database-connection-lost" => "The connection to the database was lost. Run again.",
        "stopped-change-log-out-of-order" => "The directory's change log is not in order. Run a full import.",
        "stopped-unexpected-data" => "The directory answered with something unexpected; the message of the step shows it.",
        "stopped-code-page-conversion" => "Text could not be converted to the character encoding of the directory.",
        "stopped-ma-extension-timeout" => "The connector did not answer in time.",
        "stopped-extension-dll-exception" => "The connector failed unexpectedly; the message of the step holds the details.",

        "failed-connection" => "The server could not be reached.",
        "dropped-connection" => "The server closed the connection.",
        "failed-authentication" => "The server refused name or password.",
        "failed-permission" => "The account lacks a permission that the step needs.",
        "failed-search" => "The server could not carry out the search.",
        "warning-no-watermark" => "The server gave no starting point for the next delta import; a full import will be needed.",

        _ if status.starts_with("stopped-extension-dll-") => "The connector failed; the message of the step holds the details.",
        _ if status.starts_with("no-start-") => "The run did not begin; the message of the step says why.",
        _ if status.starts_with("stopped-") => "The run ended before its time; the message of the step says why.",
        _ => match severity(status) {
            0 => "The step is working.",
            2 => "Done, but something was not as expected.",
            3 => "Done, but some objects had errors.",
            _ => UNKNOWN_STATUS,
        },
    }
}

const UNKNOWN_STATUS: &str = "A status that this version of Syncline does not know.";

/// What an error code means and what to do about it.
#[must_use]
pub fn error_fix(code: &ErrorCode) -> &'static str {
    let code = code.as_str();
    discovery_fix(code)
        .or_else(|| sync_fix(code))
        .or_else(|| export_fix(code))
        .or_else(|| tenant_fix(code))
        .unwrap_or(UNKNOWN_ERROR)
}

const UNKNOWN_ERROR: &str =
    "The directory gave this code itself; its message says what it objects to. Correct that and run again.";

fn discovery_fix(code: &str) -> Option<&'static str> {
    Some(match code {
        "missing-dn" => "The directory returned an object without a name. Check the account's permission to read the object.",
        "invalid-dn" | "dn-not-ldap-conformant" => {
            "The object's distinguished name is malformed. Correct the name in the directory, or the flow to dn when Syncline made it."
        }
        "missing-anchor-component" | "multi-valued-anchor-component" => {
            "The attribute that identifies the object is missing or has several values. Check that the account may read it and that it is set."
        }
        "anchor-too-long" => {
            "The value that identifies the object is too long for a connector space. Shorten it in the directory."
        }
        "duplicate-object" => {
            "The directory returned two objects with the same identity in one run, so deletions were not evaluated. Remove the duplicate and import again."
        }
        "missing-object-class" | "missing-object-type" | "unmappable-object-type" => {
            "The object's type is unknown to this connector. Select the type in the connector's properties or refresh the schema."
        }
        "missing-change-type"
        | "invalid-change-type"
        | "multi-valued-change-type"
        | "invalid-modification-type"
        | "conflicting-modification-types" => {
            "The record does not say clearly what changes. Correct the record or run a full import."
        }
        "need-full-object" => "A change arrived that does not fit what is known of the object. Run a full import.",
        "parse-error" | "read-error" => {
            "The entry could not be read. Look at the entry in the directory or file; the message names the place."
        }
        "staging-error" => {
            "The entry was read but could not be stored in the connector space. The log holds the cause; import again."
        }
        "multi-single-mismatch" => {
            "The directory returned several values for an attribute that the schema knows as single-valued. Refresh the schema."
        }
        "invalid-attribute-value"
        | "invalid-base64-value"
        | "invalid-numeric-value"
        | "invalid-boolean-value"
        | "unsupported-value-type" => {
            "The value does not fit the attribute's type. Correct the value, or refresh the schema when the type changed."
        }
        "invalid-reference-value" | "reference-value-not-ldap-conformant" => {
            "The value should name another object but is no distinguished name. Correct it in the directory."
        }
        _ => return None,
    })
}

fn sync_fix(code: &str) -> Option<&'static str> {
    Some(match code {
        "ambiguous-import-flow-from-multiple-connectors" => {
            "Two objects of the same connector are joined to this identity and the rule cannot choose between them. Correct the join or disconnect one."
        }
        "ambiguous-export-flow-to-single-valued-attribute" | "flow-multi-values-to-single-value" => {
            "Several values cannot flow to a single-valued attribute. Choose one in the flow, for example with Item([attribute], 1)."
        }
        "ambigous-reference-value-for-export-flow" => {
            "The identity referred to has more than one object in the target, so the reference is not clear. Disconnect the surplus object."
        }
        "cs-attribute-type-mismatch" => {
            "The value's type differs from the one in the stored schema. Refresh the connector's schema."
        }
        "mv-constraint-violation" => {
            "The text is longer than the metaverse allows for an indexed attribute (448 characters). Shorten it in the flow with Left()."
        }
        "join-object-id-must-be-single-valued" | "cannot-parse-object-id" => {
            "The value that the join looks for is unusable. Check the attribute named in the join rule."
        }
        "dn-index-out-of-bounds" | "cannot-parse-dn-component" => {
            "The flow asks for a part of the distinguished name that this object does not have. Restrict the rule's scope or correct the index."
        }
        "exported-change-not-reimported" => {
            "A value that was exported came back different: something else changes it, or the directory rewrites it. It will be sent again."
        }
        "connector-filter-rule-violation" => {
            "The staged attributes would filter out the very object that is being created. Correct the flow or the filter."
        }
        "unsupported-container-delete" | "unsupported-container-rename" | "unexported-container-rename" => {
            "A container that still holds objects cannot be deleted or renamed. Move its objects first, or export their changes."
        }
        "extension-provisioning-call-limit-reached" => {
            "Rules kept creating and removing this object ten times over. Look for two rules whose scopes depend on each other's result."
        }
        "locking-error-needs-retry" | "write-locking-error-needs-retry" => {
            "The object was busy. Nothing to do: it is tried again."
        }
        "unique-index-violation" | "unexpected-error" => {
            "Something went wrong inside Syncline. The log holds the details; run again, and report it when it stays."
        }
        "encryption-key-lost" => "The key that protects stored passwords is missing. Restore it or enter the passwords again.",
        "sync-rule-error-function-triggered" => {
            "An expression failed or called Error on purpose; the message says why. Correct the object's values or the expression."
        }
        "sync-rule-flow-provisioning-failed" => {
            "The rule could not create the object in the target; the message gives the reason. Usually the flow to dn or to the anchor has no value."
        }
        "sync-rule-inbound-flow-rules-invalid" => {
            "Rules flow to the same attribute with merge types that do not go together. Give all of them the same merge type."
        }
        "sync-rule-outbound-flow-rules-invalid"
        | "sync-rule-invalid-expression"
        | "sync-rule-invalid-function-xml"
        | "sync-rule-invalid-xml-attribute-flow" => {
            "A flow of the rule is invalid. Open the rule in the rules editor, which marks the place."
        }
        "sync-rule-flow-attribute-not-found"
        | "sync-rule-required-attr-not-found"
        | "sync-rule-relationship-criteria-attribute-not-found" => {
            "The rule uses an attribute that the schema does not have. Refresh the schema and select the attribute, or correct the rule."
        }
        "sync-rule-scoping-filter-invalid-xml"
        | "sync-rule-scoping-filter-invalid-operator"
        | "sync-rule-invalid-export-scoping-xml"
        | "sync-rule-invalid-relationship-criteria-xml"
        | "sync-rule-validation-parsing-error" => {
            "The rule's scoping filter or join rule is invalid. Open the rule in the rules editor, which marks the place."
        }
        "invalid-boolean-constant-flow" | "invalid-reference-constant-flow" => {
            "The constant of the flow does not fit the attribute's type. Correct the constant."
        }
        "different join criteria" => "Two rules in scope join this object in different ways. Keep the join rules in one of them.",
        _ => return None,
    })
}

fn export_fix(code: &str) -> Option<&'static str> {
    Some(match code {
        "cd-existing-object" | "duplicate-anchor" | "rename-to-existing-dn" => {
            "The directory already has an object with this name or identity. Import it so that it can be joined, or rename one of the two."
        }
        "cd-missing-object" | "cd-existing-attribute-or-value" | "ambiguous-update" => {
            "The object in the directory is not as it was last seen. Run a full import, synchronize and export again."
        }
        "non-existent-parent" => "The container that should hold the object does not exist. Create it or correct the flow to dn.",
        "permission-issue" => "The account may not write this object or attribute. Grant the permission in the directory.",
        "readonly-attribute" => "The directory does not let anybody write this attribute. Remove the flow to it.",
        "constraint-violation" | "schema-violation" | "syntax-violation" | "type-mismatch" => {
            "The directory rejected a value: too long, of the wrong form, or against its schema. Correct the value or the flow."
        }
        "modify-naming-attribute" => {
            "The attribute is part of the object's name and changes only by renaming. Flow to dn instead."
        }
        "missing-provisioning-attribute" | "invalid-provisioning-attribute-value" | "unexpected-provisioning-attribute" => {
            "The object cannot be created as staged: an attribute that creation needs is missing or wrong. Correct the flows of the rule."
        }
        "no-export-to-this-object-type" => {
            "The connector cannot write objects of this type. Restrict the outbound rule to types that it can."
        }
        "dn-attributes-failure" | "partial-success" => {
            "The object was written, but some references were refused because their targets are not there yet. They are sent again."
        }
        "password-policy-violation" | "password-set-disallowed" => {
            "The directory refused the password. Check its password policy."
        }
        "encryption-not-enabled" => "Passwords are sent over encrypted connections only. Switch on encryption for the connector.",
        "kerberos-time-skew" => "The clocks of this computer and the domain controller differ too much. Set them right.",
        "kerberos-no-logon-server" => {
            "No domain controller could check the account. See whether the domain controllers can be reached."
        }
        "cd-connectivity-error" => "The directory could not be reached for this change. It is sent again with the next export.",
        "cd-error" | "error-code" | "error-literal" => "The directory reported an error of its own; its message tells more.",
        "encrypted-attributes" => "The attribute is encrypted in the directory and cannot be compared. Remove the flow to it.",
        "code-page-conversion" => "The text holds characters that the directory's encoding lacks. Correct the text.",
        "insufficient-columns" | "insufficient-field-width" => {
            "The value does not fit the target's columns. Widen them or shorten the value."
        }
        _ => return None,
    })
}

fn tenant_fix(code: &str) -> Option<&'static str> {
    Some(match code {
        "InvalidSoftMatch" => {
            "The value belongs to a cloud object that is already synchronized from another source anchor. Remove the duplicate on premises, or correct the value."
        }
        "AttributeValueMustBeUnique" => {
            "Another object of the tenant already has this value. Find its holder, then change or remove the value on one of the two."
        }
        "PropertyConflict" => {
            "The object was exported, but the tenant set this value aside because another object has it. Change or remove the value on one of the two."
        }
        "ObjectTypeMismatch" => {
            "The value belongs to a cloud object of another type, such as a group instead of a user. Change the value on one of the two."
        }
        "IdentityDataValidationFailed" => {
            "userPrincipalName has characters or a form that the tenant does not accept. Correct it in the directory."
        }
        "FederatedDomainChangeError" => {
            "The sign-in name would move between two federated domains. Set it to the tenant's initial domain first, then to the new one."
        }
        "LargeObject" | "ExceededAllowedLength" => {
            "The object or a value is too large for the tenant: at most 15 certificates and about 300 proxy addresses. Remove some values."
        }
        "ExistingAdminRoleConflict" | "Existing Admin Role Conflict" => {
            "The cloud user of this name holds an administrator role and is not taken over. Remove the role, let it match, then assign the role again."
        }
        "DeletionAccessViolation" | "PasswordAccessViolation" | "Deletion access violation" | "Password access violation" => {
            "The object lives only in the cloud and cannot be deleted or changed from here. Change it in the tenant itself."
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step::StepStatus;

    #[test]
    fn every_status_is_explained() {
        let of_the_window = [
            "in-progress",
            "completing-obsoletion",
            "completing-referential-updates",
            "completing-recomputation",
            "completed-skipped-already-completed",
            "missing-partition-for-run-step",
        ];
        let not_started = "credentials connection ma server full-import-required partition-not-configured partition-delete
            partition-rename no-domain-controller no-steps-in-profile bad-ma-configuration database-permission
            change-log-not-enabled delta-step-type-not-configured header-row-mismatch database-table database-schema-mismatch
            ma-working-directory file-not-found file-access-denied file-sharing-violation file-open file-code-page
            file-contains-incorrect-step-type";
        let stopped = "connectivity server-down bad-server-credentials user-termination-from-wmi-or-ui service-shutdown error-limit
            object-limit deletion-threshold-exceeded deletion-limit deadlocked database-disk-full disk-full out-of-memory server ma
            export-disabled import-read export-write parsing-errors database-connection-lost change-log-out-of-order
            unexpected-data ma-extension-timeout extension-dll-exception";
        let connections = "success failed-connection dropped-connection failed-authentication failed-permission failed-search
            warning-no-watermark completed-import-failed canceled";
        let statuses = StepStatus::ALL
            .iter()
            .map(|status| status.0.to_owned())
            .chain(of_the_window.map(str::to_owned))
            .chain(not_started.split_whitespace().map(|word| format!("no-start-{word}")))
            .chain(stopped.split_whitespace().map(|word| format!("stopped-{word}")))
            .chain(connections.split_whitespace().map(str::to_owned));
        let general: Vec<&str> =
            ["no-start-x", "stopped-x", "completing-x", "completed-x", "completed-x-errors"].map(status_explanation).to_vec();
        for status in statuses {
            let text = status_explanation(&status);
            assert!(!general.contains(&text) && text != UNKNOWN_STATUS, "{status} has no explanation of its own: {text}");
        }
    }

    #[test]
    fn an_unknown_status_is_explained_by_its_class() {
        let check = |status: &str, expected: &str| {
            assert!(status_explanation(status).contains(expected), "{status}: {}", status_explanation(status));
        };
        check("no-start-moon", "did not begin");
        check("stopped-moon", "ended before its time");
        check("completed-moon-errors", "errors");
        check("completed-moon", "not as expected");
        check("moon", "does not know");
    }

    #[test]
    fn every_error_code_has_a_fix() {
        for code in ErrorCode::DOCUMENTED {
            let text = error_fix(&ErrorCode::from_directory(*code));
            assert!(text != UNKNOWN_ERROR && text.ends_with('.'), "{code}: {text}");
        }
        assert_eq!(error_fix(&ErrorCode::from_directory("SomethingElse")), UNKNOWN_ERROR);
    }
}
