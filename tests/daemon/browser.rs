//! The dashboard in a browser.

use std::path::Path;

use crate::chromium::Chromium;
use crate::shop::Shop;

#[test]
fn pictures() {
    let began = std::time::Instant::now();
    let shop = Shop::open();
    eprintln!("shop {:?}", began.elapsed());
    for path in ["pins", "runs", "proposals", "alarms", "images"] {
        println!("{}", shop.daemon.get(&format!("/api/v1/{path}")).body);
    }
    let mut browser = Chromium::start();
    eprintln!("browser {:?}", began.elapsed());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("dashboard");
    std::fs::create_dir_all(&folder).unwrap();
    for (page, path) in [
        ("overview", "/"),
        ("pin", "/pins/node"),
        ("held", "/pins/postgres"),
        ("alarm", "/pins/nginx"),
        ("long", &format!("/pins/{}", crate::shop::long_name())),
        ("images", "/images"),
        ("runs", "/runs"),
    ] {
        for (name, width, height, mobile, scheme) in [
            ("light", 1280, 800, false, "light"),
            ("dark", 1280, 800, false, "dark"),
            ("phone", 390, 844, true, "light"),
        ] {
            browser.size(width, height, mobile);
            browser.scheme(scheme);
            browser.open(&format!("http://{}{path}", shop.daemon.host));
            eprintln!("{page} {name} {:?} {:?}", browser.complaints(), browser.asked_for());
            browser.picture(&folder.join(format!("{page}-{name}.png")));
        }
    }
    eprintln!("all {:?}", began.elapsed());
}
