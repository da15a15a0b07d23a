//! Which rights an account has, on a real domain controller.

use std::collections::BTreeSet;

use syncline_engine::connector::active_directory::{PermissionPurpose, PermissionState};

use super::{Forest, forest};

fn found(forest: &Forest, account: &str) -> Vec<(PermissionPurpose, PermissionState, String)> {
    let mut connector = forest.open_as(account);
    let types = ["user", "msDS-Device"].map(str::to_owned);
    let writes = [("user", "mS-DS-ConsistencyGuid"), ("user", "title"), ("msDS-Device", "displayName")];
    let writes: BTreeSet<(String, String)> = writes.map(|(of, name)| (of.to_owned(), name.to_owned())).into();
    let findings = connector.check_permissions(&forest.base, &types, &writes).unwrap();
    let (user, _) = forest.account(account);
    findings
        .into_iter()
        .map(|finding| {
            assert_eq!(finding.partition, forest.base);
            if finding.state == PermissionState::Missing {
                assert!(finding.advice.contains(&user) && finding.advice.contains("grant"), "{}", finding.advice);
            }
            let subject = [finding.object_type, finding.attribute].into_iter().flatten().collect::<Vec<_>>().join(" ");
            (finding.purpose, finding.state, subject)
        })
        .collect()
}

/// Traps D2, D9.
#[test]
fn rights_are_tried_out_and_what_is_missing_is_named() {
    let Some(forest) = forest("rights_are_tried_out_and_what_is_missing_is_named") else { return };
    use PermissionPurpose::{Deletions, DeltaImport, Read, Write};
    use PermissionState::{Granted, Missing, Unknown};
    let check = |account: &str, [delta, deletions, anchor, title]: [PermissionState; 4]| {
        let expected = [
            (Read, Granted, "user"),
            (Read, Unknown, "msDS-Device"),
            (DeltaImport, delta, ""),
            (Deletions, deletions, ""),
            (Write, Unknown, "msDS-Device displayName"),
            (Write, anchor, "user mS-DS-ConsistencyGuid"),
            (Write, title, "user title"),
        ];
        let expected = expected.map(|(purpose, state, subject)| (purpose, state, subject.to_owned()));
        assert_eq!(found(&forest, account), expected, "{account}");
    };
    check("PLAIN", [Missing, Missing, Missing, Missing]);
    check("PWD", [Granted, Granted, Missing, Missing]);
    check("WRITEBACK", [Granted, Granted, Granted, Missing]);
    check("ADMIN", [Granted, Granted, Granted, Granted]);
}
