// Formats XML, JavaScript and SCSS of the addons; `make lint` checks it.
module.exports = {
    // Found beside this file, or where `make lint` installs it (NODE_PATH).
    plugins: [require.resolve("@prettier/plugin-xml")],
    bracketSpacing: false,
    printWidth: 88,
    proseWrap: "always",
    semi: true,
    tabWidth: 4,
    trailingComma: "es5",
    xmlWhitespaceSensitivity: "preserve",
};
