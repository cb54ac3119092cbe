//! The drawn pictures.

use std::collections::HashSet;

use kapal_pictures::{Kind, Motif, draw, prepare};

#[test]
fn every_kind_is_drawn_and_passes_as_an_upload() {
    let mut seen = HashSet::new();
    for &kind in Kind::ALL {
        let bytes = draw(&Motif { kind, seed: 7 });
        let picture = prepare(&bytes).expect("a drawn picture is a good upload");
        assert_eq!((picture.width, picture.height), (960, 960));
        assert!(seen.insert(bytes), "{} looks like another kind", kind.name());
    }
}

#[test]
fn a_seed_always_gives_the_same_picture() {
    let motif = Motif { kind: Kind::Textile, seed: 42 };
    assert_eq!(draw(&motif), draw(&motif));
    assert_ne!(draw(&motif), draw(&Motif { seed: 43, ..motif }));
}

#[test]
fn kinds_are_known_by_their_names() {
    for &kind in Kind::ALL {
        assert_eq!(Kind::from_name(kind.name()), Some(kind));
    }
    assert_eq!(Kind::from_name("essential oil"), Some(Kind::EssentialOil));
    assert_eq!(Kind::from_name("weapons"), None);
}
