use proptest::prelude::*;

use super::*;
use crate::model::{AttributeChange, ConnectorId, Dn, Value, Values};

const DEPARTMENT: AttributeId = AttributeId(1);
const MEMBER: AttributeId = AttributeId(2);

fn object() -> CsObject {
    let mut object =
        CsObject::new(uuid::Uuid::from_u128(1), ConnectorId(1), &Dn::parse("CN=Ada,DC=x").unwrap(), jiff::Timestamp::UNIX_EPOCH);
    object.object_type = Some("user".to_owned());
    object.anchor = Some(vec![1]);
    object
}

fn values(text: &str) -> Values {
    text.split_whitespace().map(Value::text).collect()
}

/// An import of `department`, words being its values, and of `member`.
fn incoming(department: &str, members: &[i64]) -> Incoming {
    let mut image = Image::new();
    image.set(DEPARTMENT, values(department));
    Incoming {
        object_type: "user".to_owned(),
        image,
        references: [(MEMBER, members.iter().copied().map(CsId).collect())].into(),
        changed: BTreeMap::new(),
        mentioned: None,
        renamed: false,
        full: true,
    }
}

fn synchronize(object: &mut CsObject, sets: &mut ReferenceSets) {
    let mut hologram = object.hologram.clone();
    object.pending_import.apply_to(&mut hologram);
    object.hologram = hologram;
    object.pending_import = Delta::none();
    let kept = minus(sets.get(MEMBER, ReferenceLayer::Hologram), sets.get(MEMBER, ReferenceLayer::ImportDelete));
    let all = union(&kept, sets.get(MEMBER, ReferenceLayer::ImportAdd));
    sets.set(MEMBER, ReferenceLayer::Hologram, all);
    sets.set(MEMBER, ReferenceLayer::ImportAdd, Vec::new());
    sets.set(MEMBER, ReferenceLayer::ImportDelete, Vec::new());
}

/// An object imported and synchronized with these values.
fn synchronized(department: &str, members: &[i64]) -> (CsObject, ReferenceSets) {
    let (mut object, mut sets) = (object(), ReferenceSets::default());
    object.pending_import.operation = ObjectOperation::Add;
    compare(&mut object, &mut sets, &incoming(department, members), Brought::default());
    synchronize(&mut object, &mut sets);
    (object, sets)
}

#[test]
fn what_no_import_brings_stays_as_it_was_exported() {
    const ALIAS: AttributeId = AttributeId(3);
    let (selected, write_only) = ([DEPARTMENT, MEMBER].into(), [ALIAS].into());
    let brought = Brought { selected: Some(&selected), write_only: Some(&write_only) };
    let mut object = object();
    let mut sets = ReferenceSets::default();
    let alias = |object: &CsObject| {
        let mut image = object.hologram.clone();
        object.pending_import.apply_to(&mut image);
        image.get(ALIAS).iter().map(Value::display).collect::<Vec<_>>().join(" ")
    };
    let mut check = |operation: ObjectOperation,
                     change: Option<AttributeChange>,
                     mentioned: Option<BTreeSet<AttributeId>>,
                     expected: &str| {
        if let Some(change) = change {
            object.unconfirmed = Delta { operation, changes: [(ALIAS, change)].into(), ..Delta::none() };
        }
        compare(&mut object, &mut sets, &Incoming { mentioned, ..incoming("IT", &[]) }, brought);
        assert_eq!((alias(&object).as_str(), object.unconfirmed.is_none()), (expected, true));
    };
    check(ObjectOperation::Add, Some(AttributeChange::Replace(values("ada"))), None, "ada");
    check(ObjectOperation::None, None, None, "ada");
    check(ObjectOperation::Update, Some(AttributeChange::Replace(values("al"))), Some([DEPARTMENT].into()), "al");
    check(ObjectOperation::Update, Some(AttributeChange::Delete), None, "");
}

#[test]
fn the_pending_import_is_the_difference_from_the_hologram() {
    let check = |imports: &[(&str, &[i64])], operation: ObjectOperation, counter: &str| {
        let (mut object, mut sets) = synchronized("IT", &[7, 8]);
        let mut last = None;
        for (department, members) in imports {
            last = Some(compare(&mut object, &mut sets, &incoming(department, members), Brought::default()));
        }
        assert_eq!((object.pending_import.operation, last.unwrap().counter), (operation, counter), "{imports:?}");
    };
    let (none, update) = (ObjectOperation::None, ObjectOperation::Update);
    check(&[("IT", &[7, 8])], none, "stage-no-change");
    check(&[("HR", &[7, 8])], update, "stage-update");
    check(&[("HR", &[7, 8]), ("HR", &[7, 8])], update, "stage-no-change");
    check(&[("HR", &[7, 8]), ("IT", &[7, 8])], none, "stage-no-change");
    check(&[("IT", &[7])], update, "stage-update");
    check(&[("IT", &[7]), ("IT", &[7, 8])], none, "stage-no-change");
    check(&[("IT", &[7, 9]), ("IT", &[7, 8])], none, "stage-no-change");
    check(&[("", &[])], update, "stage-update");
}

#[test]
fn an_add_stays_an_add_until_it_is_synchronized() {
    let (mut object, mut sets) = (object(), ReferenceSets::default());
    object.rebuild = true;
    let first = compare(&mut object, &mut sets, &incoming("IT", &[]), Brought::default());
    let second = compare(&mut object, &mut sets, &incoming("HR", &[]), Brought::default());
    let third = compare(&mut object, &mut sets, &incoming("HR", &[]), Brought::default());
    assert_eq!([first.counter, second.counter, third.counter], ["stage-add", "stage-add", "stage-no-change"]);
    assert_eq!(object.pending_import.operation, ObjectOperation::Add);
    assert!(!object.rebuild);
}

#[test]
fn another_type_deletes_and_adds() {
    let (mut object, mut sets) = synchronized("IT", &[7]);
    let contact = Incoming { object_type: "contact".to_owned(), ..incoming("IT", &[]) };
    let compared = compare(&mut object, &mut sets, &contact, Brought::default());
    assert_eq!(compared.counter, "stage-delete-add");
    assert_eq!(object.pending_import.operation, ObjectOperation::DeleteAdd);
    assert_eq!(object.pending_import.object_type.as_deref(), Some("contact"));
    assert!(object.pending_import.changes.contains_key(&DEPARTMENT));
    assert_eq!(compare(&mut object, &mut sets, &contact, Brought::default()).counter, "stage-no-change");
}

#[test]
fn an_object_that_reappears_is_compared_with_the_hologram() {
    let check = |department: &str, expected: ObjectOperation| {
        let (mut object, mut sets) = synchronized("IT", &[7]);
        object.pending_import = Delta { operation: ObjectOperation::Delete, ..Delta::none() };
        compare(&mut object, &mut sets, &incoming(department, &[7]), Brought::default());
        assert_eq!(object.pending_import.operation, expected, "{department}");
    };
    check("IT", ObjectOperation::None);
    check("HR", ObjectOperation::Update);
}

#[test]
fn a_partial_delta_changes_only_what_it_mentions() {
    let (mut object, mut sets) = synchronized("IT", &[7, 8]);
    object.unconfirmed = Delta {
        operation: ObjectOperation::Update,
        changes: [(DEPARTMENT, AttributeChange::Replace(values("HR")))].into(),
        ..Delta::none()
    };
    let partial = Incoming { image: Image::new(), mentioned: Some([MEMBER].into()), full: false, ..incoming("", &[7]) };
    let compared = compare(&mut object, &mut sets, &partial, Brought::default());
    assert!(object.pending_import.changes.is_empty());
    assert_eq!(sets.get(MEMBER, ReferenceLayer::ImportDelete), [CsId(8)]);
    assert_eq!((compared.mismatches.len(), object.unconfirmed.is_none()), (0, false));
}

#[test]
fn exported_members_that_are_not_told_wait_on() {
    use ReferenceLayer::{UnappliedAdd, UnappliedDelete, UnconfirmedAdd, UnconfirmedDelete};
    // Exported: 9 and 10 added, 7 removed. Told there, told gone -> unconfirmed adds, deletes, staged again, mismatches.
    let check = |there: &[i64], gone: &[i64], waiting: (&[i64], &[i64]), staged: (&[i64], &[i64]), mismatches: usize| {
        let list = |ids: &[i64]| ids.iter().copied().map(CsId).collect::<Vec<_>>();
        let (mut object, mut sets) = synchronized("IT", &[7, 8]);
        object.unconfirmed.operation = ObjectOperation::Update;
        sets.set(MEMBER, UnconfirmedAdd, list(&[9, 10]));
        sets.set(MEMBER, UnconfirmedDelete, list(&[7]));
        let changed = ChangedTargets { there: list(there), gone: list(gone) };
        let told = Incoming {
            image: Image::new(),
            references: BTreeMap::new(),
            changed: [(MEMBER, changed)].into(),
            mentioned: Some(BTreeSet::new()),
            full: false,
            ..incoming("", &[])
        };
        let compared = compare(&mut object, &mut sets, &told, Brought::default());
        let found = |adds, deletes| (sets.get(MEMBER, adds).to_vec(), sets.get(MEMBER, deletes).to_vec());
        assert_eq!(found(UnconfirmedAdd, UnconfirmedDelete), (list(waiting.0), list(waiting.1)), "{there:?} {gone:?}");
        assert_eq!(found(UnappliedAdd, UnappliedDelete), (list(staged.0), list(staged.1)), "{there:?} {gone:?}");
        assert_eq!(compared.mismatches.len(), mismatches, "{there:?} {gone:?}");
        assert_eq!(object.unconfirmed.is_none(), !sets.any(UNCONFIRMED), "{there:?} {gone:?}");
        assert_eq!(object.unapplied.is_none(), !sets.any(UNAPPLIED), "{there:?} {gone:?}");
    };
    check(&[9, 10], &[7], (&[], &[]), (&[], &[]), 0);
    check(&[9], &[], (&[10], &[7]), (&[], &[]), 0);
    check(&[11], &[8], (&[9, 10], &[7]), (&[], &[]), 0);
    check(&[7], &[9], (&[10], &[]), (&[9], &[7]), 1);
}

#[test]
fn exported_members_are_confirmed_by_the_import() {
    use ReferenceLayer::{UnappliedAdd, UnappliedDelete, UnconfirmedAdd, UnconfirmedDelete};
    // Exported: 9 added, 7 removed. Imported members -> staged again, mismatches.
    let check = |members: &[i64], adds: &[i64], deletes: &[i64], mismatches: usize| {
        let (mut object, mut sets) = synchronized("IT", &[7, 8]);
        object.unconfirmed.operation = ObjectOperation::Update;
        sets.set(MEMBER, UnconfirmedAdd, vec![CsId(9)]);
        sets.set(MEMBER, UnconfirmedDelete, vec![CsId(7)]);
        let compared = compare(&mut object, &mut sets, &incoming("IT", members), Brought::default());
        let list = |ids: &[i64]| ids.iter().copied().map(CsId).collect::<Vec<_>>();
        assert_eq!(sets.get(MEMBER, UnappliedAdd), list(adds), "{members:?}");
        assert_eq!(sets.get(MEMBER, UnappliedDelete), list(deletes), "{members:?}");
        assert_eq!(compared.mismatches.len(), mismatches, "{members:?}");
        assert!(object.unconfirmed.is_none() && !sets.any(UNCONFIRMED));
        let expected = if mismatches == 0 { ObjectOperation::None } else { ObjectOperation::Update };
        assert_eq!(object.unapplied.operation, expected, "{members:?}");
    };
    check(&[8, 9], &[], &[], 0);
    check(&[7, 8], &[9], &[7], 1);
    check(&[8], &[9], &[], 1);
}

#[test]
fn an_exported_deletion_is_settled_by_a_full_import_only() {
    let check = |full: bool, waits: bool, mismatches: usize| {
        let (mut object, mut sets) = synchronized("IT", &[]);
        object.unconfirmed.operation = ObjectOperation::Delete;
        let compared = compare(&mut object, &mut sets, &Incoming { full, ..incoming("IT", &[]) }, Brought::default());
        assert_eq!((!object.unconfirmed.is_none(), compared.mismatches.len()), (waits, mismatches), "full {full}");
    };
    check(true, false, 1);
    check(false, true, 0);
}

fn any_members() -> impl Strategy<Value = Vec<i64>> {
    proptest::collection::btree_set(1i64..8, 0..5).prop_map(|set| set.into_iter().collect())
}

/// Type, `department` and `member` as synchronizations of other connectors read them.
fn read_by_others(object: &CsObject, sets: &ReferenceSets) -> (Option<String>, BTreeSet<Value>, BTreeSet<Value>) {
    let row = |change: super::super::layers::ReferenceChange| crate::store::references::CsReference {
        attribute: change.attribute,
        target: change.target,
        layer: change.layer,
        target_mv: None,
        name: None,
    };
    let references = ReferenceSets::default().changes_to(sets).into_iter().map(row).collect();
    let object = CsObject { references, ..object.clone() };
    let seen = object.synchronized().unwrap_or(object);
    let image = seen.view(crate::store::connector_space::TowerView::Expected);
    let values = |attribute| image.get(attribute).iter().cloned().collect();
    (seen.object_type.clone(), values(DEPARTMENT), values(MEMBER))
}

proptest! {
    #[test]
    fn staged_twice_is_staged_once(
        start in ("[ab]{0,2}", any_members()),
        then in ("[ab]{0,2}", any_members()),
        exported in "[ab]{0,2}",
        staged in "[ab]{0,2}",
    ) {
        let (mut object, mut sets) = synchronized(&start.0, &start.1);
        let delta = |text: &str| Delta {
            operation: ObjectOperation::Update,
            changes: [(DEPARTMENT, AttributeChange::Replace(values(text)))].into(),
            ..Delta::none()
        };
        if !exported.is_empty() { object.unconfirmed = delta(&exported); }
        if !staged.is_empty() { object.unapplied = delta(&staged); }
        compare(&mut object, &mut sets, &incoming(&then.0, &then.1), Brought::default());
        let (once, sets_once) = (object.clone(), sets.clone());
        let again = compare(&mut object, &mut sets, &incoming(&then.0, &then.1), Brought::default());
        prop_assert_eq!(again.counter, "stage-no-change");
        prop_assert!(again.mismatches.is_empty());
        prop_assert_eq!((object, sets), (once, sets_once));
    }

    #[test]
    fn an_import_changes_nothing_that_others_read(
        start in ("[ab]", any_members()),
        then in ("[ab]{0,1}", "[ab]{0,1}", any_members()),
        exported in ("[abc]{0,1}", any_members(), any_members()),
        staged in ("[abc]{0,1}", any_members(), any_members()),
        retyped: bool,
    ) {
        let (mut object, mut sets) = synchronized(&start.0, &start.1);
        object.mv = Some(crate::model::MvId(1));
        let ids = |members: &[i64]| members.iter().copied().map(CsId).collect::<Vec<_>>();
        let mut lay = |(department, adds, deletes): &(String, Vec<i64>, Vec<i64>), [add, delete]: [ReferenceLayer; 2]| {
            sets.set(MEMBER, add, ids(adds));
            sets.set(MEMBER, delete, minus(&ids(deletes), &ids(adds)));
            let changes = values(department);
            let change = (!changes.is_empty()).then_some((DEPARTMENT, AttributeChange::Replace(changes)));
            Delta { operation: ObjectOperation::Update, changes: change.into_iter().collect(), ..Delta::none() }
        };
        object.unconfirmed = lay(&exported, UNCONFIRMED);
        object.unapplied = lay(&staged, UNAPPLIED);
        let before = read_by_others(&object, &sets);
        for department in [&then.0, &then.1] {
            let mut incoming = incoming(department, &then.2);
            if retyped {
                incoming.object_type = "contact".to_owned();
            }
            compare(&mut object, &mut sets, &incoming, Brought::default());
            prop_assert_eq!(&read_by_others(&object, &sets), &before);
            // What others know and the import does not show is never left without a synchronization.
            prop_assert!(object.confirmed.is_none() || !object.pending_import.is_none());
        }
    }

    #[test]
    fn told_by_values_is_told_whole(
        start in any_members(),
        then in any_members(),
        now in any_members(),
        exported in (any_members(), any_members()),
        staged in (any_members(), any_members()),
    ) {
        use ReferenceLayer::{UnappliedAdd, UnappliedDelete, UnconfirmedAdd, UnconfirmedDelete};
        let list = |ids: &[i64]| ids.iter().copied().map(CsId).collect::<Vec<_>>();
        let (mut object, mut sets) = synchronized("a", &start);
        compare(&mut object, &mut sets, &incoming("a", &then), Brought::default());
        // A directory that was told to change a value tells how it stands.
        let exported = (minus(&list(&exported.0), &list(&exported.1)), list(&exported.1));
        sets.set(MEMBER, UnconfirmedAdd, exported.0.clone());
        sets.set(MEMBER, UnconfirmedDelete, exported.1.clone());
        object.unconfirmed.operation = if sets.any(UNCONFIRMED) { ObjectOperation::Update } else { ObjectOperation::None };
        let (before, after) = (list(&then), list(&now));
        let differs = union(&minus(&before, &after), &minus(&after, &before));
        let told = union(&differs, &union(&exported.0, &exported.1));
        // What is staged is the difference to what is held, so a value that is told of no change needs none.
        let staged = (minus(&list(&staged.0), &list(&staged.1)), list(&staged.1));
        let held = |layers: &ReferenceSets| {
            minus(&union(&before, layers.get(MEMBER, UnconfirmedAdd)), layers.get(MEMBER, UnconfirmedDelete))
        };
        let staged = (minus(&staged.0, &held(&sets)), both(&staged.1, &held(&sets)));
        sets.set(MEMBER, UnappliedAdd, staged.0);
        sets.set(MEMBER, UnappliedDelete, staged.1);
        object.unapplied.operation = if sets.any(UNAPPLIED) { ObjectOperation::Update } else { ObjectOperation::None };
        let (mut other, mut other_sets) = (object.clone(), sets.clone());

        let whole = compare(&mut object, &mut sets, &incoming("a", &now), Brought::default());
        let changed = ChangedTargets { there: both(&told, &after), gone: minus(&told, &after) };
        let partial = Incoming {
            image: Image::new(),
            references: BTreeMap::new(),
            changed: [(MEMBER, changed)].into(),
            mentioned: Some(BTreeSet::new()),
            full: false,
            ..incoming("", &[])
        };
        let values = compare(&mut other, &mut other_sets, &partial, Brought::default());
        prop_assert_eq!((object, sets), (other, other_sets));
        prop_assert_eq!(whole, values);
    }

    #[test]
    fn a_value_that_returns_leaves_nothing_pending(
        start in ("[ab]{0,2}", any_members()),
        between in ("[ab]{0,2}", any_members()),
    ) {
        let (mut object, mut sets) = synchronized(&start.0, &start.1);
        let (before, sets_before) = (object.clone(), sets.clone());
        compare(&mut object, &mut sets, &incoming(&between.0, &between.1), Brought::default());
        compare(&mut object, &mut sets, &incoming(&start.0, &start.1), Brought::default());
        prop_assert!(object.pending_import.is_none());
        prop_assert_eq!((object, sets), (before, sets_before));
    }

    #[test]
    fn after_synchronization_the_hologram_is_what_was_imported(
        start in ("[ab]{0,2}", any_members()),
        then in ("[ab]{0,2}", any_members()),
    ) {
        let (mut object, mut sets) = synchronized(&start.0, &start.1);
        compare(&mut object, &mut sets, &incoming(&then.0, &then.1), Brought::default());
        synchronize(&mut object, &mut sets);
        prop_assert!(object.hologram.same_values(DEPARTMENT, &values(&then.0)));
        let members: Vec<CsId> = then.1.iter().copied().map(CsId).collect();
        prop_assert_eq!(sets.get(MEMBER, ReferenceLayer::Hologram), members.as_slice());
    }
}
