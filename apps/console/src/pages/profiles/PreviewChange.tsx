import { endpoints, type Profile, type ProfileInput, settingLabel, settingUnit, writeSettingValue } from '@vedette/protocol';
import { useApi } from '../../api/use-api.ts';
import { paths } from '../../paths.ts';
import { AppLink } from '../../ui/AppLink.tsx';
import { Failure } from '../../ui/Failure.tsx';
import { plural } from '../../ui/format.ts';
import { useSettled } from '../../ui/use-settled.ts';

const namesShown = 5;

interface PreviewChangeProps {
  readonly change: { readonly profileId?: Profile['profileId']; readonly profile: ProfileInput | null };
}

/** What a change of profiles would do to how many assets, while it is being written. */
export function PreviewChange({ change }: PreviewChangeProps) {
  // As text, which is the same while it says the same.
  const written = JSON.stringify(change);
  const settled = useSettled(written);
  const answer = useApi(endpoints.previewProfile, { body: JSON.parse(settled) as PreviewChangeProps['change'] }); // our own text
  if (answer.error) return <Failure error={answer.error} />;
  if (!answer.data || settled !== written) return <p className="quiet">Looking for assets that would change …</p>;
  const { assets, changed, changes, examples } = answer.data;
  const more = changed > namesShown ? ' …' : '';
  return (
    <div aria-live="polite">
      <p>
        {change.profile ? `For ${plural(assets, 'asset')}. ` : ''}
        {changed === 0 ? 'Nothing would change.' : `${plural(changed, 'asset')} would change:`}{' '}
        {examples.slice(0, namesShown).map(({ assetId, hostname }, at) => (
          <span key={assetId}>
            {at > 0 ? ', ' : ''}
            <AppLink to={paths.asset(assetId, 'agent')}>{hostname}</AppLink>
          </span>
        ))}
        {more}
      </p>
      <ul>
        {changes.map((one) => (
          <li key={JSON.stringify(one)}>
            {settingLabel(one.name)}: {writeSettingValue(one.from)} → {writeSettingValue(one.to)} {settingUnit(one.name)} on{' '}
            {plural(one.assets, 'asset')}
          </li>
        ))}
      </ul>
    </div>
  );
}
