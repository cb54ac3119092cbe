use super::*;

fn attribute(key: &str, kind: AttributeKind, required: bool) -> Attribute {
    let name = |text: &str| AttributeName::parse(text).expect("a name");
    let choice = |key: &str| Choice {
        key: Key::parse(key).expect("a key"),
        names: Bilingual { id: name(key), en: name(key) },
    };
    let choices =
        if kind == AttributeKind::Choice { vec![choice("light"), choice("dark")] } else { Vec::new() };
    Attribute {
        key: Key::parse(key).expect("a key"),
        kind,
        required,
        unit: None,
        names: Bilingual { id: name(key), en: name(key) },
        choices,
    }
}

fn set() -> AttributeSet {
    use AttributeKind::*;
    AttributeSet::inherit([
        attribute("roast", Choice, true),
        attribute("altitude", Number, false),
        attribute("organic", YesNo, false),
        attribute("variety", Text, true),
        // Of the category above: the nearer one counts.
        attribute("roast", Text, false),
    ])
}

fn text(id: &str) -> AttributeValue {
    AttributeValue::Text(TextsOf { id: Some(id.into()), en: None })
}

fn codes(result: Result<AttributeValues, Faults>) -> Vec<(String, Code)> {
    let faults = result.err().unwrap_or_default();
    faults.into_vec().into_iter().map(|fault| (fault.pointer, fault.code)).collect()
}

#[test]
fn the_nearer_attribute_of_one_key_counts() {
    assert_eq!(set().attributes().len(), 4);
    assert_eq!(set().attributes()[0].kind, AttributeKind::Choice);
}

#[test]
fn each_kind_takes_its_own_values_alone() {
    let given = |key: &str, value| BTreeMap::from([(key.to_owned(), Some(value))]);
    let bad = |key, value| codes(set().change(&AttributeValues::new(), &given(key, value)));
    let at = |pointer: &str, code| vec![(pointer.to_owned(), code)];
    assert_eq!(
        bad("roast", AttributeValue::Choice("burnt".into())),
        at("/attributes/roast", Code::InvalidChoice)
    );
    assert_eq!(bad("roast", text("light")), at("/attributes/roast", Code::WrongType));
    let huge = AttributeValue::Number(Number::Decimal(1e12));
    assert_eq!(bad("altitude", huge), at("/attributes/altitude", Code::OutOfRange));
    assert_eq!(bad("variety", text("\u{0}")), at("/attributes/variety/id", Code::InvalidCharacters));
    assert_eq!(
        bad("variety", AttributeValue::Text(TextsOf::default())),
        at("/attributes/variety", Code::Required)
    );
    assert_eq!(
        bad("colour/x", AttributeValue::YesNo(true)),
        at("/attributes/colour~1x", Code::UnknownAttribute)
    );
    let good = set().change(&AttributeValues::new(), &given("organic", AttributeValue::YesNo(true)));
    assert_eq!(good.map(|values| values.len()), Ok(1));
}

#[test]
fn a_change_keeps_takes_back_and_drops_what_no_longer_fits() {
    let old = AttributeValues::from([
        ("roast".into(), AttributeValue::Choice("dark".into())),
        ("organic".into(), AttributeValue::YesNo(true)),
        ("gone".into(), AttributeValue::YesNo(true)),
        ("altitude".into(), text("high")),
    ]);
    let given = BTreeMap::from([("organic".to_owned(), None), ("variety".to_owned(), Some(text("Typica")))]);
    let new = set().change(&old, &given).expect("it fits");
    assert_eq!(new.keys().collect::<Vec<_>>(), ["roast", "variety"]);
}

#[test]
fn what_is_required_and_missing_is_named() {
    let missing = set().missing(&AttributeValues::from([("variety".into(), text("Typica"))]));
    assert_eq!(codes(Err(missing)), [("/attributes/roast".to_owned(), Code::AttributeMissing)]);
}

#[test]
fn choices_and_units_go_with_their_kinds() {
    let bad =
        Attribute { unit: AttributeUnit::parse("g").ok(), ..attribute("roast", AttributeKind::Choice, true) };
    assert!(bad.check().is_err());
    let bad = Attribute { choices: Vec::new(), ..attribute("roast", AttributeKind::Choice, true) };
    assert!(bad.check().is_err());
    let mut twice = attribute("roast", AttributeKind::Choice, true);
    twice.choices[1] = twice.choices[0].clone();
    assert!(twice.check().is_err());
    assert!(attribute("altitude", AttributeKind::Number, false).check().is_ok());
}
