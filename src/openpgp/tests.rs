//! The signatures in `tests/openpgp`, which GnuPG made; `make` there says how.

use std::path::Path;

use jiff::Timestamp;
use pgp::packet::{Packet, PacketTrait, SubpacketData};

use super::*;

fn file(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/openpgp").join(name)).unwrap()
}

fn keyring(name: &str) -> Keyring {
    Keyring::parse(&file(&format!("{name}.gpg"))).unwrap()
}

fn now() -> Timestamp {
    "2026-11-22T00:00:00Z".parse().unwrap()
}

fn inline(keys: &str, signed: &str) -> Result<SignedText, SignatureError> {
    keyring(keys).verify_inline(&file(&format!("{signed}.asc")), now())
}

/// The fingerprints of `good`, of `sub` and of its two subkeys.
fn fingerprints() -> [Fingerprint; 4] {
    let text = String::from_utf8(file("fingerprints")).unwrap();
    let all: Vec<Fingerprint> = text.lines().map(|line| line.parse().unwrap()).collect();
    all.try_into().unwrap()
}

#[test]
fn what_was_signed_is_given_back_and_nothing_else() {
    let good = inline("good", "good.20").unwrap();
    assert_eq!(good.text, "Origin: Test\n- a line with a dash\ntrailing space\n\nDate: today");
    assert_eq!(good.signed.signers, [fingerprints()[0].clone()]);
    assert_eq!(good.signed.made, "2020-06-01T00:00:00Z".parse().unwrap());
    assert_eq!(good.signed.until, None);
}

#[test]
fn keys_of_rsa_and_subkeys_sign_too() {
    assert!(inline("rsa", "rsa.20").is_ok());
    let signed = inline("sub", "sub.20").unwrap().signed;
    assert_eq!(signed.signers, [fingerprints()[2].clone()]);
}

#[test]
fn lines_may_end_either_way() {
    let text = String::from_utf8(file("good.20.asc")).unwrap();
    let windows = text.replace('\n', "\r\n");
    let signed = keyring("good").verify_inline(windows.as_bytes(), now()).unwrap();
    assert_eq!(signed, inline("good", "good.20").unwrap());
}

#[test]
fn any_changed_byte_of_the_text_is_seen() {
    let bytes = file("good.20.asc");
    let text = bytes.windows(7).position(|at| at == b"Origin:").unwrap();
    let end = bytes.windows(20).position(|at| at == b"-----BEGIN PGP SIGNA").unwrap();
    let keys = keyring("good");
    for at in text..end - 1 {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        // A tab for a space at the end of a line is not a part of what was signed.
        let Ok(same) = keys.verify_inline(&changed, now()) else { continue };
        assert_eq!(same, inline("good", "good.20").unwrap(), "byte {at}");
        assert!(b" \t".contains(&bytes[at]), "byte {at}");
    }
    let changed = String::from_utf8(bytes).unwrap().replace("Date: today", "Date: later");
    let error = keys.verify_inline(changed.as_bytes(), now()).unwrap_err();
    assert_eq!(error, SignatureError::Altered(fingerprints()[0].clone()));
}

#[test]
fn other_keys_say_nothing() {
    let SignatureError::Unknown(keys) = inline("good", "other.20").unwrap_err() else { panic!() };
    assert_eq!(keys.len(), 1);
    assert_eq!(keys[0].len(), 40);
    let both = inline("good", "both").unwrap();
    assert_eq!(both.signed.signers, [fingerprints()[0].clone()]);
}

#[test]
fn one_that_does_not_fit_spoils_the_others() {
    let text = String::from_utf8(file("both.asc")).unwrap();
    let changed = text.replace("Date: today", "Date: later");
    for keys in ["good", "other"] {
        let error = keyring(keys).verify_inline(changed.as_bytes(), now()).unwrap_err();
        assert!(matches!(error, SignatureError::Altered(_)), "{error}");
    }
    // One of `good` over the content, and one of `other` over something else.
    let elsewhere = String::from_utf8(file("other.20.asc")).unwrap();
    let elsewhere = &elsewhere[elsewhere.find("-----BEGIN PGP SIGNATURE").unwrap()..];
    let elsewhere = armor::decode(elsewhere.as_bytes(), "PGP SIGNATURE").unwrap();
    let signatures = [file("detached.sig"), elsewhere].concat();
    let verify = |keys: &Keyring| {
        keys.verify_detached(file("content").as_slice(), &signatures, now()).unwrap().map(|_| ())
    };
    assert_eq!(verify(&keyring("good")), Ok(()));
    let both = Keyring::parse(&[file("good.gpg"), file("other.gpg")].concat()).unwrap();
    assert!(matches!(verify(&both).unwrap_err(), SignatureError::Altered(_)));
}

#[test]
fn an_end_counts_as_of_the_signature() {
    assert!(inline("expiring", "expiring.20").is_ok());
    assert!(inline("shortened", "shortened.20").is_ok());
    assert!(inline("prolonged", "prolonged.22").is_ok());
    let SignatureError::Expired { made, expired, .. } = inline("shortened", "shortened.22").unwrap_err()
    else {
        panic!()
    };
    assert!(made.to_string().starts_with("2022-06-01") && expired.to_string().starts_with("2021-06"));
}

#[test]
fn a_subkey_ends_with_its_primary_key() {
    assert!(inline("lapsed", "lapsed.20").is_ok());
    assert!(matches!(inline("lapsed", "lapsed.22").unwrap_err(), SignatureError::Expired { .. }));
}

#[test]
fn a_compromised_key_never_signed_and_a_superseded_one_no_longer() {
    let error = inline("hard", "hard.20").unwrap_err();
    assert!(matches!(error, SignatureError::Revoked { reason: "it was compromised", .. }), "{error}");
    assert!(inline("soft", "soft.20").is_ok());
    let error = inline("soft", "soft.22").unwrap_err();
    assert!(matches!(error, SignatureError::Revoked { reason: "it was superseded", .. }), "{error}");
}

#[test]
fn what_can_be_forged_does_not_count() {
    let error = inline("good", "sha1").unwrap_err();
    assert!(error.to_string().contains("SHA1"), "{error}");
    let unusable = |name: &str| Keyring::parse(&file(&format!("{name}.gpg"))).unwrap_err().to_string();
    assert!(unusable("small").contains("RSA with 1024 bits"), "{}", unusable("small"));
    assert!(unusable("dsa").contains("DSA"));
    let with_good = |name: &str| {
        let mut keys = file(&format!("{name}.gpg"));
        keys.extend(file("good.gpg"));
        Keyring::parse(&keys).unwrap().verify_inline(&file(&format!("{name}.20.asc")), now()).unwrap_err()
    };
    for name in ["small", "dsa"] {
        assert!(matches!(with_good(name), SignatureError::Weak { .. }), "{name}");
    }
}

#[test]
fn what_must_be_understood_and_is_not_does_not_count() {
    assert!(inline("good", "demand").unwrap_err().to_string().contains("understood"));
}

#[test]
fn a_signature_that_ran_out_still_counts_and_says_so() {
    let signed = inline("good", "week").unwrap().signed;
    assert_eq!(signed.until, Some("2020-06-08T00:00:00Z".parse().unwrap()));
}

#[test]
fn the_future_does_not_count() {
    let at =
        |time: &str| keyring("good").verify_inline(&file("good.20.asc"), time.parse().unwrap()).map(|_| ());
    assert_eq!(at("2020-05-31T00:00:00Z"), Ok(()));
    let error = at("2020-05-30T23:59:59Z").unwrap_err();
    assert!(matches!(error, SignatureError::Future { .. }), "{error}");
}

#[test]
fn a_key_did_not_sign_before_it_was_made() {
    // Nobody makes such a signature: the key's time is within what its own signature covers.
    let keys = keyring("good");
    let signer = keys.signer_of(&fingerprints()[0]);
    let made = "2020-06-01T00:00:00Z".parse::<Timestamp>().unwrap().as_second();
    assert!(signer.good_at(made).is_ok());
    assert!(signer.good_at(made - 1).unwrap_err().to_string().contains("was not made yet"));
}

#[test]
fn a_subkey_that_does_not_vouch_for_its_primary_key_does_not_count() {
    let mut stripped = Vec::new();
    for part in packets::read(&file("sub.gpg")).unwrap() {
        match part.packet.unwrap() {
            Packet::Signature(mut signature) => {
                let said = &signature.config().unwrap().unhashed_subpackets;
                let back = |s: &pgp::packet::Subpacket| matches!(s.data, SubpacketData::EmbeddedSignature(_));
                if let Some(at) = said.iter().position(back) {
                    signature.unhashed_subpacket_remove(at).unwrap();
                }
                signature.to_writer_with_header(&mut stripped).unwrap();
            }
            Packet::PublicKey(key) => key.to_writer_with_header(&mut stripped).unwrap(),
            Packet::PublicSubkey(key) => key.to_writer_with_header(&mut stripped).unwrap(),
            Packet::UserId(id) => id.to_writer_with_header(&mut stripped).unwrap(),
            other => panic!("{other:?}"),
        }
    }
    stripped.extend(file("good.gpg"));
    let keys = Keyring::parse(&stripped).unwrap();
    let error = keys.verify_inline(&file("sub.20.asc"), now()).unwrap_err();
    assert!(error.to_string().contains("vouched for its primary key in turn"), "{error}");
}

#[test]
fn a_key_that_nobody_vouches_for_does_not_count() {
    // The primary key alone, and then the subkey alone behind another's primary key.
    let parts = |name: &str| packets::read(&file(name)).unwrap();
    let mut bare = Vec::new();
    let Packet::PublicKey(primary) = parts("good.gpg").remove(0).packet.unwrap() else { panic!() };
    primary.to_writer_with_header(&mut bare).unwrap();
    assert!(Keyring::parse(&bare).unwrap_err().to_string().contains("has not signed it"));
    let mut grafted = file("good.gpg");
    for part in parts("sub.gpg").into_iter().skip(3).take(2) {
        match part.packet.unwrap() {
            Packet::PublicSubkey(key) => key.to_writer_with_header(&mut grafted).unwrap(),
            Packet::Signature(signature) => signature.to_writer_with_header(&mut grafted).unwrap(),
            other => panic!("{other:?}"),
        }
    }
    let error = Keyring::parse(&grafted).unwrap().verify_inline(&file("sub.20.asc"), now()).unwrap_err();
    assert!(error.to_string().contains("no primary key vouches for it"), "{error}");
}

#[test]
fn content_of_any_size_is_verified_as_it_comes() {
    let keys = keyring("good");
    for signature in ["detached.sig", "detached-text.asc"] {
        let (content, signature) = (file("content"), file(signature));
        for piece in [1, 7, content.len()] {
            let mut check = keys.check(&signature).unwrap();
            content.chunks(piece).for_each(|piece| check.update(piece));
            assert_eq!(check.finish(now()).unwrap().signers, [fingerprints()[0].clone()]);
        }
        let whole = keys.verify_detached(content.as_slice(), &signature, now()).unwrap();
        assert!(whole.is_ok());
        let more = [content.as_slice(), b"!"].concat();
        let error = keys.verify_detached(more.as_slice(), &signature, now()).unwrap().unwrap_err();
        assert!(matches!(error, SignatureError::Altered(_)), "{error}");
    }
    // Ends of lines count only where it was signed as text.
    let windows = String::from_utf8(file("content")).unwrap().replace('\n', "\r\n");
    let verify =
        |signature: &str| keys.verify_detached(windows.as_bytes(), &file(signature), now()).unwrap().is_ok();
    assert!(verify("detached-text.asc") && !verify("detached.sig"));
}

#[test]
fn what_is_no_signature_is_told() {
    let keys = keyring("good");
    let says = |bytes: &[u8]| keys.check(bytes).err().map(|error| error.to_string()).unwrap_or_default();
    assert_eq!(says(b""), "it is not signed");
    assert!(says(b"<html>").contains("outside of the armour"));
    assert!(says(&file("message.asc")).contains("PGP MESSAGE"));
    assert!(says(&file("good.gpg")).contains("no signature among"));
    let whole = file("detached.sig");
    assert!(says(&whole[..whole.len() - 1]).contains("cut off"));
    assert!(says(&file("detached.sig").repeat(65)).contains("65 signatures"));
}

#[test]
fn keyrings_have_several_certificates_in_either_form() {
    let both = Keyring::parse(&file("several.asc")).unwrap();
    let [good, _, sub, _] = fingerprints();
    assert_eq!(both.fingerprints().collect::<Vec<_>>(), [&good, &sub]);
    let twice = [file("several.asc"), b"\n".to_vec(), file("several.asc")].concat();
    assert_eq!(Keyring::parse(&twice).unwrap().fingerprints().count(), 4);
}

#[test]
fn what_is_no_keyring_is_told() {
    let says = |bytes: &[u8]| Keyring::parse(bytes).unwrap_err().to_string();
    assert_eq!(says(b""), "the keyring is empty");
    assert!(says(b"\0\0\0\x20\x01\x01\0\x02KBXf....").contains("gpg --export"));
    assert!(says(&[0x94, 0]).contains("secret key"));
    assert!(says(b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n").contains("secret key"));
    assert!(says(b"keys").contains("outside of the armour"));
    let whole = file("good.gpg");
    assert!(says(&whole[..whole.len() - 1]).contains("cut off"));
    let several = file("several.asc");
    assert!(says(&several[..several.len() - 40]).contains("cut off"));
    assert!(says(&file("detached.sig")).contains("no key of the keyring can be used"));
    assert!(says(&[0xcb, 2, b'b', 0]).contains("none of a key"));
}

#[test]
fn an_emitted_keyring_has_what_its_owner_signed_and_no_more() {
    let keys = Keyring::parse(&file("several.asc")).unwrap();
    let [good, _, sub, _] = fingerprints();
    for (key, name) in [(&good, "good"), (&sub, "sub")] {
        let text = keys.armored(std::slice::from_ref(key));
        assert!(text.starts_with("-----BEGIN PGP PUBLIC KEY BLOCK-----\n"), "{text}");
        let again = Keyring::parse(text.as_bytes()).unwrap();
        assert_eq!(again.fingerprints().collect::<Vec<_>>(), [key]);
        assert!(again.verify_inline(&file(&format!("{name}.20.asc")), now()).is_ok());
    }
    // `other` has signed `good`: that is gone.
    let count = |bytes: &[u8]| packets::read(bytes).unwrap().len();
    let stripped = armor::decode(keys.armored(&[good]).as_bytes(), "PGP PUBLIC KEY BLOCK").unwrap();
    assert_eq!((count(&file("good.gpg")), count(&stripped)), (4, 3));
}

#[test]
fn any_changed_bit_of_the_file_is_seen() {
    let (keys, bytes) = (keyring("good"), file("good.20.asc"));
    let accepted = |(at, bit): &(usize, u8)| {
        let mut other = bytes.clone();
        other[*at] ^= 1 << bit;
        keys.verify_inline(&other, now()).is_ok()
    };
    let all = (0..bytes.len()).flat_map(|at| (0..8).map(move |bit| (at, bit)));
    // White space at the end of a line is what no signature covers.
    let seen = all.filter(accepted).filter(|(at, _)| !matches!(bytes[*at], b' ' | b'\t' | b'\r' | b'\n'));
    assert_eq!(seen.collect::<Vec<_>>(), []);
}
