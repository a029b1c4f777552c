fn main() {
    #[cfg(feature = "addon")]
    napi_build::setup();
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        // Threads of this library may outlive the Node environment that loaded it; it must stay mapped for them.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
