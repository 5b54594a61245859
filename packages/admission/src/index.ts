export { createAdmission } from './create-admission.ts';
export type { Admission, AdmissionCaller } from './create-admission.ts';
export { admissionSettings } from './admission-settings.ts';
export type { AdmissionConfig } from './admission-settings.ts';
export type { Rate } from './parse-rates.ts';
