use super::*;
use crate::scan::checks::shown;

#[test]
fn dependencies_from_oci_registries() {
    for (entry, expected) in [
        ("{name: a, repository: oci://ghcr.io/x, version: 1.2.3}", "1.2.3 = ghcr.io/x/a:1.2.3"),
        (
            "{name: a, repository: 'oci://ghcr.io/x/', version: \"v1.2.3-rc.1\"}",
            "v1.2.3-rc.1 = ghcr.io/x/a:v1.2.3-rc.1",
        ),
        ("{name: a, repository: oci://ghcr.io/x, version: 1.2.3+4}", "1.2.3+4 = ghcr.io/x/a:1.2.3_4"),
        ("{name: a, repository: https://x.example, version: 1.2.3}", ""),
        ("{name: a, repository: 'file://../a', version: 1.2.3}", ""),
        ("{name: a, version: 1.2.3}", ""),
        ("{repository: oci://ghcr.io/x, version: 1.2.3}", ""),
    ] {
        let text = format!("apiVersion: v2\ndependencies:\n- {entry}\n");
        let expected: Vec<_> = Some(expected).filter(|line| !line.is_empty()).into_iter().collect();
        assert_eq!(shown(&text, &scan(&text)), expected, "{entry}");
    }
}

#[test]
fn ranges_name_no_version() {
    for version in [
        "^1.2.3",
        "~1",
        ">=1.2.3",
        "1.x",
        "1.2.x",
        "*",
        "1.0.0 - 2.0.0",
        "1.2.3 || 2.0.0",
        "1.2",
        "''",
        "1.2.3, 1.2.4",
    ] {
        let text = format!(
            "dependencies:\n- {{name: a, repository: oci://x.example/y, version: '{}'}}\n",
            version.trim_matches('\'')
        );
        let scan = scan(&text);
        assert!(matches!(scan.references[0].input, Err(Unresolved::Elsewhere(_))), "{version}");
    }
}
