use super::*;

fn ring(ids: &[&str]) -> String {
    let keys = ids.iter().map(|id| generate_key(id).expect("a fit id"));
    keys.map(|key| key.expose_secret().to_owned())
        .collect::<Vec<_>>()
        .join(",")
}

fn place(org: u128, row: u128, field: Field) -> Place {
    Place {
        org: OrgId(Uuid::from_u128(org)),
        row: Uuid::from_u128(row),
        field,
    }
}

#[test]
fn a_sealed_value_opens_in_its_place_only() {
    let vault: Vault = ring(&["a"]).parse().expect("a ring");
    let home = place(1, 2, Field::AccessToken);
    let sealed = vault.seal(home, &"pdus+_secret".into()).expect("sealed");
    assert_eq!(
        vault.open(home, &sealed).expect("opened").expose_secret(),
        "pdus+_secret"
    );
    for elsewhere in [
        place(9, 2, Field::AccessToken),
        place(1, 9, Field::AccessToken),
        place(1, 2, Field::RefreshToken),
    ] {
        let error = vault.open(elsewhere, &sealed).expect_err("a moved value");
        assert!(matches!(error, VaultError::Refused(_)), "{error}");
    }
}

#[test]
fn any_flipped_bit_is_noticed() {
    let vault: Vault = ring(&["k1", "k2"]).parse().expect("a ring");
    let home = place(1, 2, Field::RefreshToken);
    let sealed = vault.seal(home, &"secret".into()).expect("sealed");
    for index in 0..sealed.len() * 8 {
        let mut flipped = sealed.clone();
        flipped[index / 8] ^= 1 << (index % 8);
        assert!(vault.open(home, &flipped).is_err(), "bit {index}");
    }
    for length in 0..sealed.len() {
        assert!(
            vault.open(home, &sealed[..length]).is_err(),
            "length {length}"
        );
    }
}

#[test]
fn renaming_the_key_of_a_row_does_not_open_it() {
    let key = ring(&["a"]);
    let twin = key.replacen("a:", "b:", 1);
    let vault: Vault = format!("{key},{twin}")
        .parse()
        .expect("one key under two ids");
    let home = place(1, 2, Field::Verifier);
    let mut sealed = vault.seal(home, &"secret".into()).expect("sealed");
    sealed[1] = b'b';
    assert!(matches!(
        vault.open(home, &sealed),
        Err(VaultError::Refused(_))
    ));
}

#[test]
fn the_first_key_seals_and_older_keys_still_open() {
    let (old, new) = (ring(&["old"]), ring(&["new"]));
    let before: Vault = old.parse().expect("a ring");
    let after: Vault = format!("{new},{old}").parse().expect("a ring");
    let home = place(1, 2, Field::AccessToken);
    let sealed = before.seal(home, &"secret".into()).expect("sealed");
    assert!(after.open(home, &sealed).is_ok());
    let resealed = after.seal(home, &"secret".into()).expect("sealed");
    let error = before
        .open(home, &resealed)
        .expect_err("sealed with the new key");
    assert_eq!(
        error.to_string(),
        "the vault key `new` is not in AUTH_VAULT_KEYS"
    );
}

#[test]
fn a_nonce_is_never_used_twice() {
    let vault: Vault = ring(&["a"]).parse().expect("a ring");
    let home = place(1, 2, Field::AccessToken);
    let mut seen = std::collections::HashSet::new();
    vault.allow(1_000);
    for _ in 0..1_000 {
        let sealed = vault.seal(home, &"secret".into()).expect("sealed");
        assert!(seen.insert(sealed[2..2 + NONCE_BYTES].to_vec()));
    }
}

#[test]
fn a_key_seals_no_more_than_it_was_allowed() {
    let vault: Vault = ring(&["a"]).parse().expect("a ring");
    let home = place(1, 2, Field::AccessToken);
    let sealed = vault.seal(home, &"secret".into()).expect("sealed");
    while vault.left() > 0 {
        vault.seal(home, &"secret".into()).expect("sealed");
    }
    let error = vault.seal(home, &"secret".into()).expect_err("worn out");
    assert!(matches!(error, VaultError::WornOut(_)), "{error}");
    assert!(vault.open(home, &sealed).is_ok());
    vault.clone().allow(1);
    assert!(vault.seal(home, &"secret".into()).is_ok());
    assert!(vault.seal(home, &"secret".into()).is_err());
}

#[test]
fn a_bad_ring_names_the_entry_and_never_the_key() {
    let parse = |text: &str| text.parse::<Vault>().map(drop).expect_err("a bad ring");
    assert_eq!(parse(" , "), KeyRingError::Empty);
    assert_eq!(parse("justakey"), KeyRingError::Entry(1));
    assert_eq!(parse("a b:AAAA"), KeyRingError::Entry(1));
    assert_eq!(parse("a:AAAA"), KeyRingError::Key("a".into()));
    let key = ring(&["a"]);
    assert_eq!(
        parse(&format!("{key},{key}")),
        KeyRingError::Repeated("a".into())
    );
    let shown = format!("{:?}", key.parse::<Vault>().expect("a ring"));
    assert_eq!(shown, "Vault { active: \"a\", keys: 1, .. }");
}
