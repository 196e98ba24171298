/**
 * Save while the button of a dialog is off, so that a second click saves nothing again.
 *
 * An error leaves the dialog open with what was typed.
 *
 * @param {{isSaving: boolean}} state of the dialog
 * @param {() => Promise} save
 * @returns {Promise} what was answered
 */
export async function saveOnce(state, save) {
    state.isSaving = true;
    try {
        return await save();
    } finally {
        state.isSaving = false;
    }
}
