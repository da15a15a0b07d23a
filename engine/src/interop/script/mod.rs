//! The rule script of the Synchronization Rules Editor: a small part of PowerShell, read and written without running
//! anything (`aadconnect-export-format.md` B).

mod lexer;
mod reader;
mod writer;

pub(super) use reader::{is_script, read};
pub use writer::to_script;

/// Where the types of conditions live.
const OBJECT_MODEL: &str = "Microsoft.IdentityManagement.PowerShell.ObjectModel";

/// Characters that PowerShell takes for an apostrophe around a text.
const APOSTROPHES: [char; 5] = ['\'', '\u{2018}', '\u{2019}', '\u{201a}', '\u{201b}'];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::super::reading::Reading;
    use super::super::rule::{JoinClause, Mapping, MappingSource, NO_INTERVAL, Scope, ServerRule};
    use super::*;
    use crate::rules::{Direction, LinkType, MergeType, ScopeOperator};

    fn mapping(destination: &str, source: MappingSource, expression: Option<&str>) -> Mapping {
        Mapping {
            destination: destination.to_owned(),
            source,
            expression: expression.map(str::to_owned),
            merge: MergeType::Update,
            execute_once: false,
            unknown: Vec::new(),
        }
    }

    fn rule(name: &str) -> ServerRule {
        let join = |connector: &str, case_sensitive: bool| JoinClause {
            connector_attribute: connector.to_owned(),
            metaverse_attribute: "mail".to_owned(),
            case_sensitive,
            unknown: Vec::new(),
        };
        let scope = |attribute: &str, operator: ScopeOperator, value: &str| Scope {
            attribute: attribute.to_owned(),
            operator,
            value: value.to_owned(),
            unknown: Vec::new(),
        };
        ServerRule {
            id: Uuid::from_u128(7),
            internal_id: Uuid::from_u128(7),
            version: 1,
            name: name.to_owned(),
            description: "It's ‘quoted’".to_owned(),
            immutable_tag: String::new(),
            direction: Direction::Inbound,
            disabled: true,
            connector: Uuid::from_u128(9),
            source_object_type: "user".to_owned(),
            target_object_type: "person".to_owned(),
            link_type: LinkType::Join,
            precedence: 50,
            precedence_after: Uuid::nil(),
            precedence_before: Uuid::from_u128(11),
            soft_delete_expiry_interval: NO_INTERVAL.to_owned(),
            password_sync: true,
            mappings: vec![
                mapping("title", MappingSource::Attributes(vec!["title".to_owned()]), None),
                Mapping { execute_once: true, ..mapping("company", MappingSource::Constant("O'Neil, $x @(1)".to_owned()), None) },
                Mapping {
                    merge: MergeType::MergeCaseInsensitive,
                    ..mapping(
                        "displayName",
                        MappingSource::Attributes(vec!["displayName".to_owned(), "cn".to_owned()]),
                        Some("IIF([cn]='x' `\n && \"a\" # no comment, [displayName])"),
                    )
                },
                mapping("domainFQDN", MappingSource::Nothing, Some("%Domain.FQDN%")),
            ],
            join_groups: vec![vec![join("mail", true), join("cn", false)], vec![join("proxyAddresses", false)]],
            scope_groups: vec![
                vec![scope("mail", ScopeOperator::IsNotNull, ""), scope("title", ScopeOperator::NotEqual, "it's")],
                vec![scope("userAccountControl", ScopeOperator::IsBitNotSet, "2")],
            ],
            unknown: Vec::new(),
        }
    }

    fn reread(script: &str) -> Vec<ServerRule> {
        let mut reading = Reading::of("rule.ps1");
        let rules = read(script, &mut reading);
        assert_eq!((reading.faults, reading.warnings), (vec![], vec![]), "{script}");
        rules
    }

    #[test]
    fn rules_come_back_from_their_script() {
        let rules = [rule("In from AD - O'Neil"), ServerRule { id: Uuid::from_u128(8), disabled: false, ..rule("Second") }];
        let rules = rules.map(|rule| ServerRule { internal_id: rule.id, ..rule });
        assert_eq!(reread(&to_script(&rules)), rules);
        assert_eq!(reread(&to_script(&rules).replace('\n', "\r\n"))[0].mappings.len(), 4);
    }

    #[test]
    fn the_script_has_the_documented_layout() {
        let mut simple = rule("Simple");
        simple.mappings.truncate(1);
        simple.join_groups.truncate(1);
        simple.scope_groups.truncate(1);
        simple.description = String::new();
        let script = to_script(&[simple]);
        let expected = "New-ADSyncRule  `
-Name 'Simple' `
-Identifier '00000000-0000-0000-0000-000000000007' `
-Description '' `
-Direction 'Inbound' `
-Precedence 50 `
-PrecedenceAfter '00000000-0000-0000-0000-000000000000' `
-PrecedenceBefore '00000000-0000-0000-0000-00000000000b' `
-SourceObjectType 'user' `
-TargetObjectType 'person' `
-Connector '00000000-0000-0000-0000-000000000009' `
-LinkType 'Join' `
-SoftDeleteExpiryInterval 0 `
-ImmutableTag '' `
-EnablePasswordSync `
-Disabled `
-OutVariable syncRule


Add-ADSyncAttributeFlowMapping  `
-SynchronizationRule $syncRule[0] `
-Source @('title') `
-Destination 'title' `
-FlowType 'Direct' `
-ValueMergeType 'Update' `
-OutVariable syncRule


New-Object  `
-TypeName 'Microsoft.IdentityManagement.PowerShell.ObjectModel.ScopeCondition' `
-ArgumentList 'mail','','ISNOTNULL' `
-OutVariable condition0


New-Object  `
-TypeName 'Microsoft.IdentityManagement.PowerShell.ObjectModel.ScopeCondition' `
-ArgumentList 'title','it''s','NOTEQUAL' `
-OutVariable condition1


Add-ADSyncScopeConditionGroup  `
-SynchronizationRule $syncRule[0] `
-ScopeConditions @($condition0[0],$condition1[0]) `
-OutVariable syncRule


New-Object  `
-TypeName 'Microsoft.IdentityManagement.PowerShell.ObjectModel.JoinCondition' `
-ArgumentList 'mail','mail',$true `
-OutVariable condition0


New-Object  `
-TypeName 'Microsoft.IdentityManagement.PowerShell.ObjectModel.JoinCondition' `
-ArgumentList 'cn','mail',$false `
-OutVariable condition1


Add-ADSyncJoinConditionGroup  `
-SynchronizationRule $syncRule[0] `
-JoinConditions @($condition0[0],$condition1[0]) `
-OutVariable syncRule


Add-ADSyncRule  `
-SynchronizationRule $syncRule[0]


Get-ADSyncRule  `
-Identifier '00000000-0000-0000-0000-000000000007'
";
        assert_eq!(script, expected);
    }

    #[test]
    fn hand_made_scripts_are_understood() {
        let script = "# a comment\nnew-adsyncrule -Name \"Say \"\"hi\"\"\" -Identifier '{00000000-0000-0000-0000-000000000007}' `\n \
            -Direction Inbound -Precedence 5 -SourceObjectType user -TargetObjectType person -LinkType Join `\n \
            -Connector 00000000-0000-0000-0000-000000000009 -OutVariable syncRule # the end\n\
            Add-ADSyncAttributeFlowMapping -SynchronizationRule $syncRule[0] -Source 'cn' -Destination 'cn' -FlowType 'Direct' \
            -ValueMergeType 'Update' -OutVariable syncRule; Add-ADSyncRule -SynchronizationRule $syncRule[0]\n";
        let rules = reread(script);
        assert_eq!((rules[0].name.as_str(), rules[0].precedence), ("Say \"hi\"", 5));
        assert_eq!(rules[0].mappings[0].source, MappingSource::Attributes(vec!["cn".to_owned()]));
    }

    #[test]
    fn what_is_no_rule_script_is_refused_with_its_line() {
        let check = |from: &str, to: &str, words: &str| {
            let script = to_script(&[rule("Simple")]);
            assert!(script.contains(from), "{from}");
            let mut reading = Reading::of("rule.ps1");
            read(&script.replacen(from, to, 1), &mut reading);
            let told: Vec<String> = reading.faults.iter().map(ToString::to_string).collect();
            assert!(told.iter().any(|fault| fault.contains(words)), "{told:?} lacks {words}");
        };
        check("Add-ADSyncRule", "Remove-Item", "line 119: \"Remove-Item\" is not a command of a rule script");
        check("-Direction 'Inbound'", "-Direction 'Up'", "\"Up\" is not known");
        check("-Precedence 50", "-Precedence fifty", "\"fifty\" is not a whole number");
        check("-Connector '", "-Connector 'x", "is not a GUID");
        check("-Name 'Simple' `\n", "", "-Name is missing");
        check("$condition0[0]", "$condition9[0]", "condition9");
        check("'ISNOTNULL'", "'ISNICE'", "ISNICE");
        check("-FlowType 'Expression'", "-FlowType 'Magic'", "\"Magic\" is not known");
        check("-Name 'Simple'", "-Name $(Get-Date)", "line 2");
        check("-Identifier '00000000-0000-0000-0000-000000000007'\n", "-Identifier 'never closed", "not closed");
        check("-Destination 'title' `\n", "", "-Destination is missing");
    }

    proptest! {
        #[test]
        fn any_text_survives(name in "\\PC{1,30}", value in "[\\n -~‘’‚‛äß]{0,40}", expression in "[\\n -~‘’]{0,40}x") {
            let mut rule = rule("Any");
            rule.name = format!("N{}N", name.replace('\r', " "));
            rule.mappings = vec![
                mapping("a", MappingSource::Constant(value.clone()), None),
                mapping("b", MappingSource::Attributes(vec!["c".to_owned()]), Some(&expression)),
            ];
            rule.scope_groups[0][0].value = value;
            let back = reread(&to_script(std::slice::from_ref(&rule)));
            prop_assert_eq!(back, vec![rule]);
        }

        #[test]
        fn nothing_makes_the_reader_panic(text in "[-A-Za-z'\"`@(),$\\[\\]{};\\n# ]{0,120}") {
            read(&text, &mut Reading::of("x"));
            read(&format!("New-ADSyncRule {text}"), &mut Reading::of("x"));
        }
    }
}
